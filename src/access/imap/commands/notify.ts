/** NOTIFY (RFC 5465): which events the client wants to hear of without asking. It takes the place of the one before. */
import { no, ok } from '../../../wire/imap/response.ts';
import { defineCommand, LOGGED_IN } from '../command.ts';
import { Notification } from '../notify/notification.ts';
import { readNotifyArguments, type NotifyArguments } from '../notify/notify-arguments.ts';

export const notify = defineCommand<NotifyArguments>({
  name: 'NOTIFY',
  states: LOGGED_IN,
  parse: readNotifyArguments,
  run: async (session, order) => {
    if (order !== 'none' && 'unknownEvents' in order) return no('not all of these events are known here', 'BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange)');
    session.notification?.stop();
    session.notification = undefined;
    if (order === 'none') return ok('NOTIFY completed');
    const notification = new Notification(session, order);
    session.notification = notification;
    await notification.start();
    return ok('NOTIFY completed');
  },
});
