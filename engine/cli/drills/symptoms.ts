// What a responder gets to see of a drill when it begins: the alert, and what people complain of.
import { clean, hang, wrap } from '../../ui/text.ts';
import type { App } from '../app.ts';

interface Symptoms {
  readonly title: string;
  readonly alert: string;
  readonly complaints: readonly { readonly from: string; readonly text: string }[];
}

/** @param print `terminal.tell` where a program may read what is printed. */
export function showSymptoms(app: App, { title, alert, complaints }: Symptoms, print = app.terminal.print): void {
  const { palette, columns } = app.terminal;
  print(palette.bold(`Drill: ${clean(title)}`));
  const width = Math.min(columns() - 3, 100);
  const lines = clean(alert).trimEnd().split('\n');
  for (const line of lines.flatMap((one) => wrap(one, width))) print(`  ${line}`);
  for (const { from, text } of complaints) {
    print('');
    const said = clean(text).trimEnd().split('\n').join(' ');
    for (const line of hang(`${clean(from)}: `, said, width)) print(`  ${line}`);
  }
  print('');
}
