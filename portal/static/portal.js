/* Small improvements to pages that already work without script. Autosave and upload have files of their own. */
'use strict';

import { autosave } from './autosave.js';
import { upload } from './upload.js';

/* A second click or a second Enter must not post twice. */
function postOnce(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method !== 'post') return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = 'yes';
  const button = event.submitter;
  // After the form data is taken: a disabled button would not send its own name and value.
  if (button) setTimeout(() => { button.disabled = true; });
}

/* Coming back with the Back button shows a page that may be posted again. */
function allowAgain() {
  for (const form of document.querySelectorAll('form[data-sent]')) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll('button:disabled')) button.disabled = false;
  }
}

async function copy(button) {
  const field = button.parentElement.querySelector('input');
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    field.select(); // No clipboard outside a secure context: the text is at least selected.
    if (!document.execCommand('copy')) return;
  }
  const label = button.querySelector('span');
  const before = label.textContent;
  label.textContent = 'Copied';
  setTimeout(() => { label.textContent = before; }, 2000);
}

function onClick(event) {
  const button = event.target.closest('[data-copy], [data-confirm], [data-close]');
  if (button?.dataset.copy !== undefined) copy(button);
  if (button?.dataset.confirm) {
    event.preventDefault();
    document.getElementById(button.dataset.confirm).showModal();
  }
  if (button?.dataset.close !== undefined) {
    event.preventDefault();
    button.closest('dialog').close();
  }
  for (const menu of document.querySelectorAll('details[data-menu][open]')) {
    if (!menu.contains(event.target)) menu.open = false;
  }
}

function onKey(event) {
  const menu = event.key === 'Escape' && event.target.closest('details[data-menu][open]');
  if (!menu) return;
  menu.open = false;
  menu.querySelector('summary').focus();
}

/* On a narrower screen the right pane lies below each question, folded. */
function fold() {
  const narrow = matchMedia('(max-width: 71.99rem)');
  const apply = () => {
    for (const pane of document.querySelectorAll('details[data-fold]')) pane.open = !narrow.matches;
  };
  if (narrow.matches) apply();
  narrow.addEventListener('change', apply);
}

/* The strip of sections scrolls sideways on a narrow screen: bring the current one into view. */
function showCurrentSection() {
  const strip = document.querySelector('[data-sections] .strip');
  const current = strip?.querySelector('[aria-current]');
  if (current) strip.scrollLeft = current.offsetLeft - strip.offsetLeft - 16;
}

document.documentElement.dataset.script = 'on';
document.addEventListener('submit', postOnce);
document.addEventListener('click', onClick);
document.addEventListener('keydown', onKey);
addEventListener('pageshow', allowAgain);
for (const form of document.querySelectorAll('form[data-filters]')) {
  form.addEventListener('change', (event) => { if (event.target.matches('select')) form.requestSubmit(); });
}
fold();
showCurrentSection();
autosave(document.querySelectorAll('form[data-autosave]'));
upload(document.querySelectorAll('form[data-upload]'));
