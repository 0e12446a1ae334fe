"""The algorithms: each file holds one program and the sampler of its inputs."""
