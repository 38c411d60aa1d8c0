// Shows the card that the kernel draws (every part of it escaped there), and tells the kernel what was asked for.
function render({ model, el }) {
  const draw = () => {
    const field = el.querySelector('.valo-new-tag');
    const typing = field && field === document.activeElement;
    const typed = field?.value ?? '';
    const focused = el.querySelector('button:focus')?.dataset;
    el.innerHTML = model.get('html');
    const drawn = el.querySelector('.valo-new-tag');
    if (drawn) {
      drawn.value = typed;
      if (typing) {
        drawn.focus();
      }
    }
    if (focused) {
      const same = button =>
        button.dataset.valoAction === focused.valoAction &&
        button.dataset.valoValue === focused.valoValue &&
        button.dataset.valoOpen === focused.valoOpen;
      [...el.querySelectorAll('button')].find(same)?.focus();
    }
  };
  const press = event => {
    const button = event.target.closest('button[data-valo-action]');
    if (button && el.contains(button)) {
      button.disabled = true;
      model.send({ action: button.dataset.valoAction, value: button.dataset.valoValue });
    }
  };
  const type = event => {
    // what is typed is the field's: Lab's shortcuts are not to see it
    if (event.target.matches?.('.valo-new-tag')) {
      event.stopPropagation();
      if (event.key === 'Enter' && event.target.value.trim()) {
        model.send({ action: 'tag', value: event.target.value });
        event.target.value = '';
      }
    }
  };
  el.addEventListener('click', press);
  el.addEventListener('keydown', type);
  model.on('change:html', draw);
  draw();
  return () => {
    el.removeEventListener('click', press);
    el.removeEventListener('keydown', type);
    model.off('change:html', draw);
  };
}

export default { render };
