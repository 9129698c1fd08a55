// Props: element, props, trigger.

element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-unit]');
  if (!button) return;
  props.value = {...props.value, chosen: Number(button.dataset.unit)};
  trigger('choose');
});
