// What a probe says of the certificate, beside what it found by asking.
import { type ActionContext, messageOf } from '../../engine/action.ts';
import type { Certificate } from './certificate.ts';
import type { Measured } from './measure.ts';

export const DEFAULT_WARN_DAYS = 14;

interface CertificateOptions {
  readonly url: string;
  readonly timeoutMs: number;
  readonly certificate?: { readonly minDays?: number; readonly warnDays?: number } | undefined;
}

/** Looks at the certificate where that is wanted, or where TLS failed and it tells why. */
export async function withCertificate(ctx: ActionContext, measured: Measured, options: CertificateOptions) {
  const url = new URL(options.url);
  const wanted = options.certificate;
  if (wanted === undefined && measured.failure !== 'tls') return { ...measured, warnings: [] };
  if (url.protocol !== 'https:') return { ...measured, warnings: ['An http address has no certificate to look at'] };
  const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(options.timeoutMs)]);
  const { readCertificate } = await import('./certificate.ts');
  try {
    const certificate = await readCertificate(url, { signal, now: ctx.now() });
    const { error, warning } = judgeCertificate(certificate, wanted ?? {});
    const isFirst = measured.failure === 'none' && error !== undefined;
    return {
      ...measured,
      ...(isFirst ? { failure: 'certificate' as const, error } : {}),
      certificate: { ...certificate },
      warnings: warning === undefined ? [] : [warning],
    };
  } catch (error) {
    ctx.signal.throwIfAborted();
    const why = `The certificate could not be read: ${messageOf(error)}`;
    // What was asked for and could not be looked at is not ok.
    const isFirst = measured.failure === 'none';
    return { ...measured, ...(isFirst ? { failure: 'certificate' as const, error: why } : {}), warnings: [why] };
  }
}

function judgeCertificate(
  { daysLeft, validTo, isTrusted, problem }: Certificate,
  { minDays, warnDays = DEFAULT_WARN_DAYS }: NonNullable<CertificateOptions['certificate']>,
): { readonly error?: string; readonly warning?: string } {
  const ends = `the certificate ends in ${daysLeft} days (${validTo})`;
  if (!isTrusted) return { error: `the certificate is not trusted: ${problem ?? 'no reason is given'}` };
  if (minDays !== undefined && daysLeft < minDays) return { error: `${ends}, expected at least ${minDays}` };
  return daysLeft < warnDays ? { warning: ends } : {};
}
