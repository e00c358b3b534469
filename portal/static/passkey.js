/* A form with data-passkey asks the person's device: 'create' makes a passkey, 'get' uses one. Hidden without script. */
'use strict';

const UNABLE = 'Passkeys do not work at this address. They need a name such as portal.example.com, and https.';
const CANCELLED = 'Nothing came from your device. Try again.';
const able = 'PublicKeyCredential' in globalThis && 'parseRequestOptionsFromJSON' in PublicKeyCredential;

function ask(way, options) {
  return way === 'create'
    ? navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
}

async function onSubmit(event) {
  const form = event.currentTarget;
  // A form that also takes a code asks the device only where that button was pressed.
  if (form.querySelector('[data-with-passkey]') && !event.submitter?.matches('[data-with-passkey]')) return;
  event.preventDefault();
  const trouble = form.querySelector('[role=alert]');
  trouble.hidden = true;
  try {
    const credential = await ask(form.dataset.passkey, JSON.parse(form.dataset.options));
    form.elements.answer.value = JSON.stringify(credential);
    form.submit();
  } catch (error) {
    trouble.textContent = error.name === 'SecurityError' ? UNABLE : CANCELLED;
    trouble.hidden = false;
  }
}

if (able) {
  document.documentElement.dataset.passkeys = 'on';
  for (const form of document.querySelectorAll('form[data-passkey]')) {
    form.hidden = false;
    for (const button of form.querySelectorAll('[data-with-passkey]')) button.hidden = false;
    form.addEventListener('submit', onSubmit);
  }
}
