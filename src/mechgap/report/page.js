const slider = document.querySelector("#step");
if (slider) {
  const panels = [...document.querySelectorAll("[data-step]")];
  const show = () => {
    for (const panel of panels) panel.hidden = panel.dataset.step !== slider.value;
  };
  slider.addEventListener("input", show);
  slider.closest(".stepper").hidden = false;
  show();
}
