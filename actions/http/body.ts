// Bodies of answers, no more of them than was asked for.

export interface BoundedBody {
  readonly text: string;
  /** There was more. */
  readonly isTruncated: boolean;
}

/** The first `maxBytes` of a body, as UTF-8; the rest is not read. Rejects where the connection breaks off before. */
export async function readBounded(response: Response, maxBytes: number): Promise<BoundedBody> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of response.body ?? []) {
    parts.push(part);
    sizeBytes += part.byteLength;
    // Leaving the loop cancels the stream.
    if (sizeBytes > maxBytes) break;
  }
  // The decoder takes away a byte-order mark, which JSON.parse would stumble over.
  const text = new TextDecoder().decode(Buffer.concat(parts).subarray(0, maxBytes));
  return { text, isTruncated: sizeBytes > maxBytes };
}

/** Frees the connection; that a body nobody reads broke off is of no interest. */
export async function discardBody(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined);
}
