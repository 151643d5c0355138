// The report as Markdown, through a Handlebars template.
import { compileHandlebars } from '../templates/handlebars.ts';
import { pluralOf } from '../ui/change-words.ts';
import { escapeDeep } from './markdown.ts';
import type { ReportModel } from './model.ts';

/** Of what took less, people want the seconds. */
const SHORT_MS = 3_600_000;
const PARAGRAPHS = new Set(['rootCause', 'lessons']);

/**
 * Every text of the model is escaped before the template sees it, so that no template can forget to.
 * @throws where the template is wrong or reads what the model does not have.
 */
export function renderMarkdown(model: ReportModel, template: string): string {
  const render = compileHandlebars(template, {
    date: (at: string) => at.slice(0, 10),
    /** `03:06`; `03:06:09` in a report whose run lasted less than an hour. */
    time: (at: string) => at.slice(11, model.metrics.durationMs < SHORT_MS ? 19 : 16),
    /** `1 hours 5 minutes`, the template's words; with seconds where it took less than an hour. */
    duration: durationText,
    /** `48,213 bytes`. */
    bytes: (count: number) => `${count.toLocaleString('en')} ${count === 1 ? 'byte' : 'bytes'}`,
    plural: (count: number, word: string) => (count === 1 ? word : pluralOf(word)),
    /** The day of an entry where it is not the report's. */
    otherDay: (at: string, first: string) => (at.slice(0, 10) === first.slice(0, 10) ? '' : `(${at.slice(0, 10)}) `),
  });
  const text = render(escapeDeep(model, PARAGRAPHS));
  return `${text.replace(/\n{3,}/g, '\n\n').trimEnd()}\n`;
}

function durationText(ms: number): string {
  const text = `${Math.floor(ms / 3_600_000)} hours ${Math.floor(ms / 60_000) % 60} minutes`;
  return ms < SHORT_MS ? `${text} ${Math.floor(ms / 1000) % 60} seconds` : text;
}
