/** Replies in words that no table quotes, in many languages, as providers that nobody here has met would write them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainReply, type Explanation } from './explain.ts';
import { vaguely } from './refused-alike.ts';

function explain(reply: string): Explanation {
  const match = /^(\d{3}) (?:([245]\.\d{1,3}\.\d{1,3}) )?(.*)$/.exec(reply) ?? assert.fail(reply);
  return explainReply({ code: Number(match[1]), ...(match[2] && { enhanced: match[2] }), text: match[3] as string }, { mx: 'mx1.odd.test' });
}

const REPLIES: Readonly<Record<string, readonly string[]>> = {
  'source-ip/rate': [
    '450 too many messages from your network, retry in 3 minutes',
    '421 Daily message limit for your IP reached, resume tomorrow',
    '450 4.7.1 Hourly quota for 127.21.0.9 used up',
    '421 4.7.0 We have seen a sudden increase in traffic from your address',
  ],
  'source-ip/block': [
    '550 Service refused: your IP 127.21.0.9 is listed in our reputation system',
    '550 5.7.0 127.21.0.9 has earned a bad name here',
    '554 Connections from your network are not wanted',
    '554 5.7.1 Your server has been blacklisted locally. Contact postmaster@x.test',
    '550 We do not accept mail from cloud providers',
    '550 5.7.1 Rejected: poor sender reputation (score 12)',
    '553 sorry, your mailserver is rejected by our local policy',
    '550 Ihre IP-Adresse wurde gesperrt',
    '550 Votre adresse IP est bloquée',
    '550 Su dirección IP ha sido bloqueada',
    '554 5.7.1 <mail.example.org[127.21.0.9]>: Client host rejected: Access denied',
    '550 5.1.1 rejected: your IP is on our denylist',
    '550 Recipient rejected: sending host has been banned',
    '550 5.1.1 User unknown or your host is blocked',
  ],
  'dkim-domain/block': [
    '554 5.7.1 rejected due to low sender domain reputation',
    '554 5.7.1 Your domain shop.test has a low reputation',
    '550 5.7.1 Mail signed with d=shop.test is not wanted here',
  ],
  'theirs/greylist': [
    '451 4.2.0 Greylisted for 45 seconds',
    '451 4.7.1 You are new here. Wait 5 minutes.',
    '450 4.7.0 Please come back in 90 seconds, we do not know you yet',
    '451 Graylisting in effect',
  ],
  'recipient/hard-bounce': [
    '550 5.1.1 Adresse d’au moins un destinataire invalide. Invalid recipient.',
    '550 Utilisateur inconnu',
    '550 5.1.1 Destinatario desconocido',
    '550 Nie ma takiego konta',
    '550 Uživatel neexistuje',
    '550 Användaren finns inte',
    '550 Brugeren findes ikke',
    '550 Käyttäjää ei löydy',
    '550 Gebruiker onbekend',
    '550 Usuário desconhecido',
    '550 caixa postal inexistente',
    '550 Такого пользователя нет',
    '550 Пользователь не найден',
    '550 用户不存在',
    '550 ユーザーが存在しません',
    '550 宛先が見つかりません',
    '550 사용자를 찾을 수 없습니다',
    '550 Kullanıcı bulunamadı',
    '550 Der Empfänger ist hier nicht bekannt',
    '550 Postfach existiert nicht',
    '550 Benutzer unbekannt',
    '550 Casella inesistente',
    '550 L\'utente non esiste',
    '550 La boîte aux lettres n\'existe pas',
    '550 El usuario no existe',
    '550 sorry, no mailbox here by that name (#5.1.1)',
    '550 Requested action not taken: we have never heard of joe@x.test',
    '550 Not a local address',
    '554 5.1.1 Nobody lives here',
    '550 Addressee left the company',
    '550 joe@x.test: Recipient address rejected: User unknown in virtual mailbox table',
    '550 5.2.1 This account was disabled by its owner',
    '550 Konto deaktiviert',
    '550 Compte désactivé',
    '550 cuenta deshabilitada',
    '550 Konto zostało wyłączone',
    '550 Account deleted',
    '550 Mailbox removed',
  ],
  'recipient/soft-bounce': [
    '452 4.2.2 Postfach ist voll',
    '552 5.2.2 La boîte est pleine',
    '552 Mailbox of joe is stuffed, quota used up',
    '552 Buzón lleno',
    '552 casella piena',
    '552 skrzynka pełna',
    '552 Postvak vol',
    '552 caixa de correio cheia',
    '552 ящик переполнен',
    '552 メールボックスがいっぱいです',
    '552 邮箱已满',
    '550 user has no disk space left',
    '550 5.2.2 mailbox has no room',
  ],
  'recipient/rate': [
    '450 4.2.1 This mailbox is receiving mail at a rate that prevents additional messages',
    '452 joe@x.test gets more mail than we allow per hour; later please',
    '450 Recipient has received too many messages in the last hour',
    '451 Too many messages for this user, try again in 10 minutes',
  ],
  'content/content': [
    '554 5.7.1 Message contains http://bit.example/x which is on our list of bad links',
    '550 5.7.1 The URL contained in your message (example.test) is blocklisted',
    '554 We do not like the link http://promo.example.org/ in your message',
    '550 Message refused, suspicious link found',
    '554 5.6.0 Nachricht wurde als Spam erkannt',
    '550 Message considéré comme spam',
    '554 Malicious URL detected',
  ],
  'capacity/rate': [
    '421 4.3.2 Too many of you at once, max 2',
    '421 only 2 parallel connections allowed from your host',
    '421 maximum concurrent sessions reached for 127.21.0.9',
    '421 You have 3 connections open, limit is 2',
  ],
  'theirs/capacity': [
    '451 4.3.0 Temporary lookup failure',
    '421 4.3.2 We are down for maintenance',
    '451 backend says no, come again',
    '451 4.7.1 Service unavailable - try again later',
    '450 4.1.1 joe: unverified address: Address verification in progress',
  ],
  'dkim-domain/rate': [
    '421 4.7.28 Messages signed by shop.test are arriving too fast',
    '450 4.7.1 Rate limit for DKIM d=shop.test exceeded, come back in an hour',
  ],
  'spf-domain/rate': [
    '451 Too many messages from domain shop.test, slow down',
  ],
  'policy/policy': [
    '550 5.7.1 Administrative prohibition',
  ],
  'message/format': [
    '552 5.3.4 message too heavy, 10M at most',
  ],
};

for (const [meaning, replies] of Object.entries(REPLIES)) {
  test(`words of strangers that mean ${meaning}`, () => {
    for (const reply of replies) {
      const { culprit, faultClass, rule } = explain(reply);
      assert.equal(`${culprit}/${faultClass}`, meaning, `${reply} (${rule})`);
    }
  });
}

test('a code alone never blames the recipient: a stranger\'s outage or block puts nobody on the list', () => {
  for (const reply of ['450 please hold the line', '550 no', '553 no', '554 no', '450 tällä hetkellä ei onnistu']) {
    assert.notEqual(explain(reply).culprit, 'recipient', reply);
  }
});

test('foreign words that speak of our address are no word about the recipient', () => {
  for (const reply of ['550 Empfänger: Ihre IP-Adresse ist unbekannt', '550 destinataire refusé, adresse IP inconnue', '550 пользователь не найден: 192.0.2.1 blacklist']) {
    assert.notEqual(explain(reply).culprit, 'recipient', reply);
  }
});

/** At RCPT, without a code that says anything: each of them once waited for a day before its sender heard of it. */
const PLAIN: Readonly<Record<string, readonly string[]>> = {
  'recipient/hard-bounce': [
    '550 Recipient is unknown to us', '550 Recipient not in the directory', '550 Mailbox name not recognized', '550 User does not have an email account here', '550 We don\'t have that user', '550 Cannot find user', '550 Address is unroutable',
    '550 Diese E-Mail-Adresse existiert nicht', '550 Adresse unbekannt', '550 Kein solcher Benutzer', '550 Postfach nicht vorhanden', '550 Cette adresse n\'existe pas', '550 Aucun utilisateur de ce nom', '550 Pas d\'utilisateur de ce nom',
    '550 La dirección no existe', '550 No hay ningún usuario con ese nombre', '550 Endereço inexistente', '550 Nessun utente con questo nome', '550 Adres bestaat niet', '550 Geen gebruiker met die naam', '550 Adres nie istnieje',
    '550 Nie znaleziono odbiorcy', '550 Neznámá adresa', '550 Adresát neexistuje', '550 Používateľ neexistuje', '550 Okänd adress', '550 Adressen findes ikke', '550 Tuntematon osoite', '550 Нет такого адреса', '550 Адрес не существует',
    '550 Böyle bir kullanıcı yok', '550 Nincs ilyen felhasználó', '550 Adresa nu există', '550 Korisnik ne postoji', '550 Потребителят не съществува', '550 Kasutajat ei leitud', '550 Lietotājs nav atrasts', '550 Vartotojas nerastas',
    '550 Người nhận không tồn tại', '550 Pengguna tidak ditemukan', '550 ไม่พบผู้ใช้', '550 המשתמש לא קיים', '550 المستخدم غير موجود', '550 地址不存在', '550 查無此人', '550 没有此用户', '550 無此使用者', '550 メールアドレスが存在しません',
    '550 そのようなユーザはいません', '550 없는 사용자입니다',
  ],
  'recipient/soft-bounce': ['552 No hay espacio en el buzón', '552 邮箱没有空间', '552 Kein Speicherplatz im Postfach', '552 Nincs hely a postafiókban', '552 メールボックスに空き容量がありません', '552 Posta kutusunda yer yok'],
  'content/content': [
    '554 Message rejected because of its content', '554 5.7.0 Reject, id=12345-01 - BANNED: .exe', '554 5.7.1 Gtube pattern', '550 Executable attachments are not accepted', '554 Nachricht wegen ihres Inhalts abgelehnt', '554 Message refusé à cause de son contenu',
    '554 Mensaje rechazado por su contenido', '554 Messaggio rifiutato a causa del contenuto', '554 Wiadomość odrzucona z powodu treści', '554 Сообщение отклонено из-за содержимого', '554 内容被拒绝',
  ],
  'policy/policy': ['550 you are not subscribed', '550 Only members may post to this list', '550 You are not allowed to post to this mailing list', '550 5.7.1 Posting is for subscribers only'],
};

for (const [meaning, replies] of Object.entries(PLAIN)) {
  test(`a plain sentence that means ${meaning} is believed at once, in any language`, () => {
    for (const reply of replies) {
      const explanation = explain(reply);
      assert.equal(`${explanation.culprit}/${explanation.faultClass}`, meaning, `${reply} (${explanation.rule})`);
      assert.equal(vaguely(explanation), undefined, `${reply} (${explanation.rule})`);
    }
  });
}

test('an address that may be a machine\'s or the sender\'s is not taken for a dead one of the recipient', () => {
  for (const reply of [
    '550 Ihre Adresse ist hier unbekannt', '550 Adresse de l\'expéditeur inexistante', '550 Adres serwera nieznany', '550 Die Domain der Adresse existiert nicht', '550 адрес отправителя не существует', '550 Keine Benutzerauthentifizierung',
    '550 Votre adresse est inconnue', '550 Su dirección no existe en la lista', '550 IP地址不存在',
  ]) {
    assert.notEqual(explain(reply).culprit, 'recipient', `${reply} (${explain(reply).rule})`);
  }
});
