import { parseDocument } from 'yaml';
import { isJsonObject } from '../../json.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { listPlaybooks, type PlaybookFile, readPlaybook } from '../playbooks/playbook-files.ts';
import { table } from '../table.ts';

interface Listed {
  readonly name: string;
  readonly severity: string;
  readonly category: string;
  readonly title: string;
  readonly file: string;
  /** It stands in the place of a built-in one of its name. */
  readonly hidesBuiltIn: boolean;
}

/** Only reads what a file says of itself: one that is not valid is listed too. */
export async function list(app: App, _options: CommonOptions): Promise<number> {
  const found = listPlaybooks(app).map(describe);
  if (app.isJson) app.terminal.print(JSON.stringify(found));
  else {
    const rows = found.map((one) => [one.name, one.severity, one.category, one.title, placeOf(one)]);
    for (const line of table(['PLAYBOOK', 'SEVERITY', 'CATEGORY', 'TITLE', 'FILE'], rows)) app.terminal.print(line);
  }
  return EXIT.done;
}

function describe(file: PlaybookFile): Listed {
  let head: unknown;
  try {
    head = parseDocument(readPlaybook(file)).toJS({ maxAliasCount: 100 });
  } catch {
    // Said by `validate`, with its place; here the file is only listed.
    head = {};
  }
  const text = (key: string): string => {
    const value = isJsonObject(head) ? head[key] : undefined;
    return typeof value === 'string' ? value : '?';
  };
  return {
    name: file.name,
    severity: text('severity'),
    category: text('category'),
    title: text('title'),
    file: file.shown,
    hidesBuiltIn: file.hidesBuiltIn,
  };
}

function placeOf({ file, hidesBuiltIn }: Listed): string {
  return hidesBuiltIn ? `${file} (in place of the built-in one)` : file;
}
