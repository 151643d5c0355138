// The report as Markdown, through a Handlebars template.
import Handlebars from 'handlebars';
import { escapeDeep } from './markdown.ts';
import type { ReportModel } from './model.ts';

const PARAGRAPHS = new Set(['rootCause', 'lessons']);

/**
 * Every text of the model is escaped before the template sees it, so that no template can forget to.
 * @throws where the template is wrong or reads what the model does not have.
 */
export function renderMarkdown(model: ReportModel, template: string): string {
  const handlebars = Handlebars.create();
  handlebars.registerHelper({
    date: (at: string) => at.slice(0, 10),
    time: (at: string) => at.slice(11, 16),
    /** `1 hours 5 minutes`, the template's words; seconds where it took less than a minute. */
    duration: durationText,
    plural: (count: number, word: string) => (count === 1 ? word : `${word}s`),
    /** The day of an entry where it is not the report's. */
    otherDay: (at: string, first: string) => (at.slice(0, 10) === first.slice(0, 10) ? '' : `(${at.slice(0, 10)}) `),
  });
  const render = handlebars.compile(template, { strict: true, noEscape: true, preventIndent: true });
  const text = render(escapeDeep(model, PARAGRAPHS), {
    allowProtoPropertiesByDefault: false,
    allowProtoMethodsByDefault: false,
  });
  return `${text.replace(/\n{3,}/g, '\n\n').trimEnd()}\n`;
}

function durationText(ms: number): string {
  const text = `${Math.floor(ms / 3_600_000)} hours ${Math.floor(ms / 60_000) % 60} minutes`;
  return ms < 60_000 ? `${text} (${Math.round(ms / 1000)} seconds)` : text;
}
