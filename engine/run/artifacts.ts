// Files that an action keeps as evidence: written to a stream, stored whole in the run's blobs when the stream ends, and
// named in an event. A file is held in memory until then: its name in the store is a digest of all of its bytes.
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { ArtifactOptions, ArtifactStream } from '../action.ts';
import { RunbookError } from '../errors.ts';
import { MAX_EVIDENCE_BYTES } from './manual.ts';

/** No folder, nothing hidden, nothing that a file system would not take. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const DEFAULT_MEDIA_TYPE = 'text/plain';

export interface ArtifactFile {
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

export interface Artifacts {
  /** @throws E_ARTIFACT_NAME */
  open(name: string, options?: ArtifactOptions): ArtifactStream;
  /** Waits for files that are being kept. @throws E_ARTIFACT_OPEN where one was left unended; what a file failed with. */
  settle(): Promise<void>;
}

/**
 * @param keep stores a file and appends its event; both are durable when it resolves. Absent in a plan: what is written
 * goes nowhere.
 * @param assertOpen throws where the attempt has ended: a file that comes too late is evidence of nothing.
 */
export function createArtifacts(
  keep: ((file: ArtifactFile) => Promise<void>) | undefined,
  assertOpen: () => void,
): Artifacts {
  const open = new Map<string, Writable>();
  /** Of a file that could not be kept: the action may not have looked. */
  let failure: Error | undefined;

  const keepFile = async (file: ArtifactFile): Promise<void> => {
    assertOpen();
    await keep?.(file);
  };

  return {
    open: (name, { mediaType = DEFAULT_MEDIA_TYPE } = {}) => {
      if (!NAME.test(name) || open.has(name)) throw nameError(name, open.has(name));
      const chunks: Buffer[] = [];
      let size = 0;
      const stream = new Writable({
        decodeStrings: true,
        write: (chunk: Buffer, _encoding, done) => {
          size += chunk.length;
          if (size > MAX_EVIDENCE_BYTES) return done(sizeError(name));
          if (keep !== undefined) chunks.push(chunk);
          done();
        },
        final: (done) => {
          keepFile({ name, mediaType, bytes: Buffer.concat(chunks) }).then(() => done(), done);
        },
        destroy: (error, done) => {
          open.delete(name);
          done(error);
        },
      });
      open.set(name, stream);
      // Whoever awaits the stream gets the error all the same; nobody's listener must not end the process.
      stream.on('error', (error) => {
        failure ??= error;
      });
      return stream;
    },
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

function nameError(name: string, isOpen: boolean): RunbookError {
  return new RunbookError({
    code: 'E_ARTIFACT_NAME',
    message: isOpen ? `The file ${name} is being written already` : `"${name}" is no name for a file of evidence`,
    hint: 'Letters, digits, dots, hyphens and underscores, up to 100, beginning with a letter or digit; each once at a time',
  });
}

function sizeError(name: string): RunbookError {
  return new RunbookError({
    code: 'E_ARTIFACT_SIZE',
    message: `${name} has grown over ${MAX_EVIDENCE_BYTES} bytes, the most that evidence may have`,
    hint: 'Export less at a time (fewer users, a later start), into several files',
  });
}
