element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-row]');
  if (!button) return;
  props.value = {...props.value, at: [Number(button.dataset.row), Number(button.dataset.column)]};
  trigger('pick');
});
