import type { RunSource } from './check-run.ts';
import type { ExportedRun } from './export.ts';

/** An exported run as something to be checked: its header says where it ends. */
export function exportSource({ header, rows, blobParts }: ExportedRun): RunSource {
  return { rows, blobParts, expected: { ...header.head, lastSeq: header.head.seq } };
}
