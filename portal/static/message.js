/* What a refusal says, and how it is shown beside the form it concerns. */
'use strict';

export const LOST = {
  title: 'No answer that this page understands',
  text: 'What you typed is still here. Please wait a moment and try again.',
};

/* The body of a JSON answer, or of a proxy's page in its place, as {title, text}. */
export function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return LOST;
  }
}

export function show(form, message) {
  const place = form.querySelector('[data-message]');
  const box = document.createElement('div');
  box.className = 'notice notice-bad';
  box.setAttribute('role', 'alert');
  const words = document.createElement('div');
  for (const [name, text] of [['title', message.title], ['', message.text]]) {
    if (!text) continue;
    const line = document.createElement('p');
    line.className = name;
    line.textContent = text;
    words.append(line);
  }
  const icon = document.getElementById('notice-icon')?.content.cloneNode(true);
  box.append(icon ?? '', words);
  place.replaceChildren(box);
  return words;
}

export function clear(form) {
  form.querySelector('[data-message]').replaceChildren();
}
