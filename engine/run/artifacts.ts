// Files that an action keeps: written to a stream, stored in the run's blobs while they are written, and named in an event
// when the stream has ended. Text is held in memory until then: it is redacted as a whole, so that no secret hides across
// two writes.
import { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { ArtifactOptions, ArtifactStream } from '../action.ts';
import { RunbookError } from '../errors.ts';
import type { BlobWriter } from '../store/blob-writer.ts';
import { MAX_EVIDENCE_BYTES } from './manual.ts';

/** No folder, nothing hidden, nothing that a file system would not take. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const DEFAULT_MEDIA_TYPE = 'text/plain';
/** Of what is no text: more than any table that an incident exports in one file. */
export const MAX_ARTIFACT_BYTES = 16 * 1024 ** 3;

/** A file whose bytes are stored, and which no event names yet. */
export interface StoredArtifact {
  readonly name: string;
  readonly mediaType: string;
  readonly purpose: 'evidence' | 'undo';
  readonly blob: string;
  readonly sizeBytes: number;
}

/** Where an attempt's files go. */
export interface ArtifactStore {
  openBlob(): Promise<BlobWriter>;
  redact(text: string): string;
  /** Durable when it resolves. */
  keep(file: StoredArtifact): Promise<void>;
  /** The bytes of a file that a step kept. @throws E_ARTIFACT_UNKNOWN */
  read(name: string, step: string | undefined): AsyncIterable<Uint8Array>;
}

export interface Artifacts {
  /** @throws E_ARTIFACT_NAME */
  open(name: string, options?: ArtifactOptions): ArtifactStream;
  read(name: string, step: string | undefined): Readable;
  /** Waits for files that are being kept. @throws E_ARTIFACT_OPEN where one was left unended; what a file failed with. */
  settle(): Promise<void>;
}

/**
 * @param isKept false in a plan: what is written goes nowhere.
 * @param assertOpen throws where the attempt has ended: a file that comes too late is evidence of nothing.
 */
export function createArtifacts(
  store: ArtifactStore,
  { isKept, assertOpen }: { readonly isKept: boolean; readonly assertOpen: () => void },
): Artifacts {
  const open = new Map<string, Writable>();
  /** Of a file that could not be kept: the action may not have looked. */
  let failure: Error | undefined;

  return {
    open: (name, options = {}) => {
      if (!NAME.test(name) || open.has(name)) throw nameError(name, open.has(name));
      const mediaType = options.mediaType ?? DEFAULT_MEDIA_TYPE;
      const file = isKept ? fileIn(store, isText(mediaType)) : nowhere();
      const most = isText(mediaType) ? MAX_EVIDENCE_BYTES : MAX_ARTIFACT_BYTES;
      let size = 0;
      const stream = new Writable({
        decodeStrings: true,
        write: (chunk: Buffer, _encoding, done) => {
          size += chunk.length;
          if (size > most) return done(sizeError(name, most));
          file.write(chunk).then(() => done(), done);
        },
        final: (done) => {
          const end = async (): Promise<void> => {
            assertOpen();
            const blob = await file.end();
            assertOpen();
            if (blob !== undefined)
              await store.keep({ name, mediaType, purpose: options.purpose ?? 'evidence', ...blob });
          };
          end().then(() => done(), done);
        },
        destroy: (error, done) => {
          open.delete(name);
          if (stream.writableFinished) return done(error);
          file.discard().then(
            () => done(error),
            () => done(error),
          );
        },
      });
      open.set(name, stream);
      // Whoever awaits the stream gets the error all the same; nobody's listener must not end the process.
      stream.on('error', (error) => {
        failure ??= error;
      });
      return stream;
    },
    read: (name, step) => Readable.from(store.read(name, step), { objectMode: false }),
    settle: async () => {
      await Promise.all([...open.values()].filter((one) => one.writableEnded).map((one) => finished(one)));
      if (failure !== undefined) throw failure;
      const left = [...open].filter(([, stream]) => !stream.writableEnded).map(([name]) => name);
      for (const stream of open.values()) if (!stream.writableEnded) stream.destroy();
      if (left.length === 0) return;
      throw new RunbookError({
        code: 'E_ARTIFACT_OPEN',
        message: `The action ended without ending its ${left.length === 1 ? 'file' : 'files'} ${left.join(', ')}`,
        hint: 'Call end() on each stream of ctx.artifact, and await its `finish`; or destroy() one that is not to be kept',
      });
    },
  };
}

type KeptBlob = Pick<StoredArtifact, 'blob' | 'sizeBytes'>;

interface OpenFile {
  write(chunk: Buffer): Promise<void>;
  end(): Promise<KeptBlob | undefined>;
  discard(): Promise<void>;
}

function isText(mediaType: string): boolean {
  return /^text\/|json/.test(mediaType);
}

/** A plan keeps nothing. */
function nowhere(): OpenFile {
  return { write: async () => undefined, end: async () => undefined, discard: async () => undefined };
}

function fileIn(store: ArtifactStore, isRedacted: boolean): OpenFile {
  let writer: Promise<BlobWriter> | undefined;
  const opened = (): Promise<BlobWriter> => {
    writer ??= store.openBlob();
    return writer;
  };
  const held: Buffer[] = [];
  return {
    async write(chunk) {
      if (isRedacted) held.push(chunk);
      else await (await opened()).write(chunk);
    },
    async end() {
      const blob = await opened();
      if (isRedacted) await blob.write(Buffer.from(store.redact(Buffer.concat(held).toString('utf8'))));
      const { name, sizeBytes } = await blob.end();
      return { blob: name, sizeBytes };
    },
    async discard() {
      await (await writer)?.discard();
    },
  };
}

function nameError(name: string, isOpen: boolean): RunbookError {
  return new RunbookError({
    code: 'E_ARTIFACT_NAME',
    message: isOpen ? `The file ${name} is being written already` : `"${name}" is no name for a file of a run`,
    hint: 'Letters, digits, dots, hyphens and underscores, up to 100, beginning with a letter or digit; each once at a time',
  });
}

function sizeError(name: string, most: number): RunbookError {
  return new RunbookError({
    code: 'E_ARTIFACT_SIZE',
    message: `${name} has grown over ${most} bytes, the most that such a file may have`,
    hint: 'Export less at a time (fewer users, a later start), into several files; compressed files may be larger than text',
  });
}
