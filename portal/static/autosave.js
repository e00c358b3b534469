/* Saves each answer as it is given. One request of a form at a time; what is typed meanwhile is saved next; nothing typed is lost. */
'use strict';

import { clear, read, show } from './message.js';

const IDLE = 800; // milliseconds without a key before typed text is saved
const FIRST_RETRY = 2000;
const LAST_RETRY = 60000;
const RETRIED = new Set([429, 503]); // the server asks for patience: the same text may be sent again later
const PLACE = 'portal.place';

const savers = [];

class Saver {
  constructor(form) {
    this.form = form;
    this.status = form.querySelector('[data-status]');
    this.kept = form.dataset.state === 'refused' ? null : this.stored(); // refused: the page shows text that is not stored
    this.busy = false;
    this.retry = FIRST_RETRY;
    form.addEventListener('input', (event) => this.changed(event.target.type === 'radio' ? 0 : IDLE));
    form.addEventListener('focusout', () => { if (this.unsaved && !this.refused) this.later(0); });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.later(0);
    });
    this.markReason();
    if (this.kept !== null && this.unsaved) this.changed(0); // answered before this script had arrived
  }

  get fields() {
    return this.form.elements;
  }

  /* What the server holds, as it sent the page. */
  stored() {
    const chosen = [...this.fields.value].find((choice) => choice.defaultChecked);
    return JSON.stringify([chosen?.value ?? '', this.fields.comment.defaultValue]);
  }

  given() {
    return JSON.stringify([this.fields.value.value, this.fields.comment.value]);
  }

  fill(value, comment) {
    this.fields.value.value = value;
    this.fields.comment.value = comment;
    this.markReason();
  }

  get unsaved() {
    return this.given() !== this.kept;
  }

  /* "Not applicable" is no answer without its reason. */
  markReason() {
    this.fields.comment.required = this.fields.value.value === 'not_applicable';
  }

  changed(wait) {
    this.markReason();
    if (this.conflict) {
      this.showMine();
      return;
    }
    this.refused = false;
    this.state('unsaved', 'Not saved yet');
    this.later(wait);
  }

  later(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), wait);
  }

  state(name, words) {
    this.form.dataset.state = name;
    this.status.textContent = words;
  }

  /* What is still missing before it makes sense to send, or nothing. */
  missing() {
    if (!this.fields.value.value) return 'Not saved yet: choose an answer';
    if (this.fields.comment.required && !this.fields.comment.value.trim()) return 'Not saved yet: say why it does not apply';
    if (this.fields.reason && !this.fields.reason.validity.valid) return 'Not saved yet: say why you change it';
    return '';
  }

  async save() {
    if (this.busy || this.conflict || !this.unsaved) {
      if (!this.unsaved && this.form.dataset.state === 'unsaved') this.state('saved', this.savedWords ?? 'No change');
      return;
    }
    const missing = this.missing();
    if (missing) {
      this.state('unsaved', missing);
      return;
    }
    this.busy = true;
    const sent = this.given();
    this.state('saving', 'Saving');
    try {
      await this.post(sent);
    } finally {
      this.busy = false;
    }
    if (this.unsaved && this.given() !== sent) this.later(0); // typed while the request was under way
    else reloadWhenSaved();
  }

  async post(sent) {
    let response;
    let body;
    try {
      response = await fetch(this.form.action, {
        method: 'POST',
        headers: { Accept: 'application/json', 'X-CSRFToken': this.fields.csrf_token.value },
        body: new URLSearchParams(new FormData(this.form)),
      });
      body = read(await response.text());
    } catch {
      this.state('offline', 'Not saved yet: no connection. Trying again.');
      this.again();
      return;
    }
    if (response.ok && body.version !== undefined) this.saved(sent, body);
    else if (response.status === 409 && body.theirs) this.ask(body);
    else this.refuse(response, body);
  }

  again(wait = this.retry) {
    this.later(wait);
    this.retry = Math.min(this.retry * 2, LAST_RETRY);
  }

  saved(sent, body) {
    this.kept = sent;
    this.retry = FIRST_RETRY;
    this.fields.version.value = body.version;
    this.savedWords = `Saved ${body.saved}`;
    this.state('saved', this.savedWords);
    clear(this.form);
    showProgress(body);
    if (body.reload) reloadFrom = this.form;
  }

  refuse(response, body) {
    this.refused = true;
    this.state('refused', 'Not saved');
    show(this.form, body);
    if (!RETRIED.has(response.status)) return;
    const wait = Number(response.headers.get('Retry-After'));
    this.again(wait ? wait * 1000 : undefined);
  }

  /* 409: both texts side by side, and two buttons. */
  ask(body) {
    this.conflict = true;
    this.state('refused', 'Not saved: choose which answer to keep');
    const panel = document.getElementById('conflict').content.cloneNode(true);
    for (const slot of panel.querySelectorAll('[data-slot]')) {
      const text = slot.dataset.slot.split('.').reduce((part, key) => part?.[key], body);
      if (text !== undefined && text !== null) slot.textContent = text;
    }
    panel.querySelector('[data-keep="mine"]').addEventListener('click', () => this.settle(body));
    panel.querySelector('[data-keep="theirs"]').addEventListener('click', () => this.settle(body, body.theirs));
    this.form.querySelector('[data-message]').replaceChildren(panel);
    this.showMine();
  }

  /* The panel says what "Keep mine" would save, also when typing goes on while it is open. */
  showMine() {
    const slot = (name) => this.form.querySelector(`.conflict [data-slot="yours.${name}"]`);
    slot('label').textContent = this.form.querySelector('input:checked')?.nextElementSibling.textContent ?? '';
    slot('comment').textContent = this.fields.comment.value;
  }

  settle(body, theirs) {
    this.conflict = false;
    this.fields.version.value = body.version;
    clear(this.form);
    if (theirs) {
      this.fill(theirs.value, theirs.comment);
      this.kept = this.given();
      this.savedWords = `Saved ${theirs.at} by ${theirs.by}`;
      this.state('saved', this.savedWords);
      reloadFrom = this.form; // theirs may have shown or hidden other questions
      reloadWhenSaved();
    } else {
      this.later(0);
    }
    (this.form.querySelector('input:checked') ?? this.fields.comment).focus();
  }
}

function showProgress({ saved, answered, total, section }) {
  for (const place of document.querySelectorAll('[data-saved-at]')) place.textContent = saved;
  for (const place of document.querySelectorAll('[data-progress-answered]')) place.textContent = answered;
  for (const place of document.querySelectorAll('[data-progress-total]')) place.textContent = total;
  for (const bar of document.querySelectorAll('[data-progress-bar]')) fill(bar, answered, total);
  if (!section) return;
  for (const place of document.querySelectorAll(`[data-section-progress="${CSS.escape(section.id)}"]`)) {
    place.querySelector('[data-tally]').textContent = `${section.answered} of ${section.total}`;
    fill(place.querySelector('progress'), section.answered, section.total);
  }
}

function fill(bar, value, max) {
  bar.max = max || 1;
  bar.value = value;
}

/* A saved answer may show or hide other questions: the page is fetched anew, but never over unsaved text,
   and the question stays where it was on the screen. */
let reloadFrom = null;

function reloadWhenSaved() {
  if (!reloadFrom || savers.some((saver) => saver.unsaved || saver.busy) || otherWork()) return;
  const question = reloadFrom.closest('[id]');
  const place = { page: location.pathname, id: question.id, top: question.getBoundingClientRect().top };
  sessionStorage.setItem(PLACE, JSON.stringify(place));
  addEventListener('pagehide', () => sessionStorage.setItem(PLACE, JSON.stringify({ ...place, late: late() })));
  location.reload();
}

/* What was answered while the new page was on its way: that page takes it over. */
function late() {
  return savers.filter((saver) => saver.unsaved).map((saver) => [saver.form.closest('[id]').id, ...JSON.parse(saver.given())]);
}

/* A remark or reason being typed or a file on its way: neither survives a reload. */
function otherWork() {
  const typed = [...document.querySelectorAll('form:not([data-autosave]) :is(textarea, [name="reason"])')].some((field) => field.value !== field.defaultValue);
  return typed || document.querySelector('[data-upload] .sending') !== null;
}

function returnToPlace() {
  const place = JSON.parse(sessionStorage.getItem(PLACE) ?? 'null');
  sessionStorage.removeItem(PLACE);
  const question = place?.page === location.pathname && document.getElementById(place.id);
  if (!question) return;
  for (const [id, value, comment] of place.late ?? []) {
    const saver = savers.find(({ form }) => form.closest('[id]').id === id);
    saver?.fill(value, comment);
    saver?.changed(0);
  }
  scrollBy({ top: question.getBoundingClientRect().top - place.top, behavior: 'instant' });
  question.querySelector('input:checked')?.focus({ preventScroll: true });
}

export function autosave(forms) {
  for (const form of forms) {
    savers.push(new Saver(form));
  }
  if (!savers.length) return;
  addEventListener('beforeunload', (event) => { if (savers.some((saver) => saver.unsaved)) event.preventDefault(); });
  addEventListener('online', () => { for (const saver of savers) if (saver.unsaved && !saver.refused) saver.later(0); });
  addEventListener('load', returnToPlace);
}
