"""Other formats and packages: edge lists, networkx graphs, recorded traces."""
