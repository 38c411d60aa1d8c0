// Shows the card that the kernel draws (every part of it escaped there), and tells the kernel which button was pressed.
function render({ model, el }) {
  const draw = () => {
    const focused = el.querySelector('button:focus')?.dataset.valoAction;
    el.innerHTML = model.get('html');
    if (focused) {
      el.querySelector(`button[data-valo-action="${focused}"]`)?.focus();
    }
  };
  const press = event => {
    const button = event.target.closest('button[data-valo-action]');
    if (button && el.contains(button)) {
      button.disabled = true;
      model.send({ action: button.dataset.valoAction });
    }
  };
  el.addEventListener('click', press);
  model.on('change:html', draw);
  draw();
  return () => {
    el.removeEventListener('click', press);
    model.off('change:html', draw);
  };
}

export default { render };
