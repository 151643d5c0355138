// Answers in JSON, as the app gives them.
import type { Json } from '../../../json.ts';
import type { HttpAnswer } from '../../http/server.ts';

export function answerJson(status: number, value: Json, headers: { readonly [name: string]: string } = {}): HttpAnswer {
  return { status, headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(value) };
}
