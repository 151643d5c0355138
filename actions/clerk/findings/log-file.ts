// Writes rows of the access log to a stream, as CSV (RFC 4180) or as one JSON object a line.
import type { ArtifactStream } from '../../../engine/action.ts';
import { type AccessRow, COLUMNS } from './access-row.ts';

export interface LogFile {
  /** Resolves when there is room for the next. */
  write(row: AccessRow): Promise<void>;
  /** Resolves when the file is kept. */
  end(): Promise<void>;
  /** Nothing of it is kept. */
  drop(): void;
}

export function openLog(stream: ArtifactStream, format: 'csv' | 'ndjson'): LogFile {
  const put = (line: string): Promise<void> =>
    new Promise((resolve, reject) => {
      stream.write(line, (error) => (error ? reject(error) : resolve()));
    });
  let isBegun = false;
  const begin = async (): Promise<void> => {
    if (!isBegun && format === 'csv') await put(`${COLUMNS.join(',')}\r\n`);
    isBegun = true;
  };
  return {
    write: async (row) => {
      await begin();
      await put(format === 'csv' ? csvLine(row) : `${JSON.stringify(row)}\n`);
    },
    end: async () => {
      await begin();
      await new Promise<void>((resolve, reject) => {
        stream.once('error', reject);
        stream.end(() => resolve());
      });
    },
    drop: () => void stream.destroy(),
  };
}

function csvLine(row: AccessRow): string {
  return `${COLUMNS.map((column) => csvCell(row[column] ?? '')).join(',')}\r\n`;
}

/** Browser and device names are what a client says of itself: one that begins like a formula must not be run as one. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
