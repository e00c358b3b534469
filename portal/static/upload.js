/* Sends evidence one file after the other, with a bar, by button or by dropping files on the form. */
'use strict';

import { clear, read, show } from './message.js';

const BROKEN = { title: 'The upload broke off', text: 'There was no connection. The file is still here: try again.' };

function bar(form, name) {
  const box = document.createElement('div');
  box.className = 'sending';
  const meter = document.createElement('progress');
  meter.max = 100;
  meter.value = 0;
  meter.setAttribute('aria-label', `Sending ${name}`);
  const words = document.createElement('output');
  box.append(words, meter);
  form.append(box);
  return {
    at(percent) {
      meter.value = percent;
      words.textContent = percent < 100 ? `Sending ${name}: ${percent} %` : `${name}: sent, being checked`;
    },
    remove: () => box.remove(),
  };
}

/* Resolves with {ok, body}; a broken connection is {ok: false, broken: true}. */
function send(form, file, progress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open('POST', form.action);
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('X-CSRFToken', form.elements.csrf_token.value);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) progress.at(Math.floor((100 * event.loaded) / event.total));
    };
    request.onload = () => resolve({ ok: request.status === 200, body: read(request.responseText) });
    request.onerror = () => resolve({ ok: false, broken: true, body: BROKEN });
    const data = new FormData();
    data.set('csrf_token', form.elements.csrf_token.value);
    data.set('file', file, file.name);
    request.send(data);
  });
}

/* The head of the pane says how many files count. */
function showCount(list) {
  const count = list.querySelectorAll('li:not(.withdrawn)').length;
  list.closest('.rests').querySelector('[data-count]').textContent = count ? `${count} file${count === 1 ? '' : 's'}` : '';
}

class Sender {
  constructor(form) {
    this.form = form;
    this.input = form.elements.file;
    this.input.multiple = true; // without script one file goes at a time, so that none is lost beside one that is refused
    this.waiting = [];
    this.input.addEventListener('change', () => this.take());
    form.addEventListener('submit', (event) => event.preventDefault());
    form.addEventListener('dragover', (event) => this.over(event, true));
    form.addEventListener('dragleave', (event) => this.over(event, form.contains(event.relatedTarget)));
    form.addEventListener('drop', (event) => {
      this.over(event, false);
      this.add([...event.dataTransfer.files]);
    });
    if (this.input.files.length) this.take(); // chosen before this script had arrived
  }

  take() {
    this.add([...this.input.files]);
    this.input.value = '';
  }

  over(event, inside) {
    event.preventDefault();
    this.form.classList.toggle('over', inside);
  }

  async add(files) {
    this.waiting.push(...files);
    if (this.busy || !this.waiting.length) return;
    this.busy = true;
    clear(this.form);
    const problems = [];
    while (this.waiting.length) {
      const file = this.waiting.shift();
      const problem = await this.one(file);
      if (problem) problems.push(problem);
    }
    this.busy = false;
    this.report(problems);
  }

  async one(file) {
    const limit = Number(this.form.dataset.limit);
    // Said at once, not after minutes of sending; the server says the same.
    if (limit && file.size > limit) return { title: `${file.name} is too big`, text: `A file may have up to ${Math.floor(limit / 1048576)} MiB. Send a smaller one, or split it.` };
    const progress = bar(this.form, file.name);
    progress.at(0);
    const { ok, broken, body } = await send(this.form, file, progress);
    progress.remove();
    if (!ok || body.html === undefined) return { file, broken, title: `${file.name}: ${body.title}`, text: body.text };
    const list = document.querySelector(`[data-evidence-list="${CSS.escape(this.form.dataset.upload)}"]`);
    list.innerHTML = body.html; // markup of our own template, which escapes names
    showCount(list);
    return null;
  }

  report(problems) {
    if (!problems.length) return;
    const words = show(this.form, problems[0]);
    for (const problem of problems.slice(1)) {
      for (const text of [problem.title, problem.text]) words.append(Object.assign(document.createElement('p'), { textContent: text }));
    }
    const broken = problems.filter((problem) => problem.broken).map((problem) => problem.file);
    if (!broken.length) return;
    const button = Object.assign(document.createElement('button'), { type: 'button', className: 'btn btn-quiet btn-sm', textContent: 'Try again' });
    button.addEventListener('click', () => this.add(broken));
    words.append(button);
  }
}

export function upload(forms) {
  const senders = [...forms].map((form) => new Sender(form));
  addEventListener('beforeunload', (event) => { if (senders.some((sender) => sender.busy)) event.preventDefault(); });
  // A file dropped beside the form would otherwise replace the page and the text typed in it.
  for (const name of ['dragover', 'drop']) {
    if (senders.length) addEventListener(name, (event) => event.preventDefault());
  }
}
