// The team's own status page, as its users see it: incidents that were posted, and what each component is said to be.
import type { At, Folds } from '../fold.ts';
import { keepMessage, type MessageState } from './messages.ts';
import type { ComponentStatus } from './status.ts';

export type NoticeStatus = 'investigating' | 'identified' | 'monitoring' | 'resolved';
export type Impact = 'none' | 'minor' | 'major' | 'critical';

/** One post: the whole incident as it is from then on, and what was said. */
export type NoticeMutation = At & {
  readonly type: 'notice.posted';
  readonly id: string;
  readonly name: string;
  readonly status: NoticeStatus;
  readonly impact: Impact;
  readonly body: string;
  readonly metadata: { readonly [name: string]: { readonly [name: string]: string } };
  /** By id, those that the post sets. */
  readonly components: { readonly [id: string]: ComponentStatus };
};

export interface NoticeUpdate {
  readonly at: number;
  readonly status: NoticeStatus;
  readonly body: string;
}

export interface Notice {
  readonly id: string;
  readonly createdAt: number;
  name: string;
  status: NoticeStatus;
  impact: Impact;
  metadata: NoticeMutation['metadata'];
  /** Ids of the components that it is about. */
  readonly components: Set<string>;
  /** Oldest first. */
  readonly updates: NoticeUpdate[];
}

export interface NoticeState {
  /** By id, oldest first. */
  readonly notices: Map<string, Notice>;
  readonly components: Map<string, ComponentStatus>;
}

export function emptyNotices(): NoticeState {
  return { notices: new Map(), components: new Map() };
}

/** A post is a message to the users, too. */
export const noticeFolds: Folds<NoticeMutation, { readonly notices: NoticeState; readonly messages: MessageState }> = {
  'notice.posted': ({ notices: slice, messages }, { at, id, name, status, impact, body, metadata, components }) => {
    const notice: Notice = slice.notices.get(id) ?? {
      id,
      createdAt: at,
      name,
      status,
      impact,
      metadata,
      components: new Set(),
      updates: [],
    };
    slice.notices.set(id, notice);
    Object.assign(notice, { name, status, impact, metadata });
    notice.updates.push({ at, status, body });
    for (const [component, said] of Object.entries(components)) {
      notice.components.add(component);
      slice.components.set(component, said);
    }
    keepMessage(messages, { at, sink: 'statuspage', about: name, text: `${status}: ${body}` });
  },
};
