/**
 * Words about recipients and about us in other languages than English. Each language says it with a noun (user, mailbox,
 * account) near a state (unknown, full, closed), in either order; a reply that speaks of addresses of machines, of lists
 * or of spam is never read as one about the recipient.
 */
import type { ReplyRule } from './reply-rule.ts';

const OWNER = [
  'benutzer', 'empf(?:ä|ae?)nger', 'adressat', 'postfach', 'mailbox', 'konto', 'utilisateur', 'destinataire', 'bo[iî]te', 'compte', 'usuario', 'destinatario', 'buz[oó]n', 'cuenta',
  'utente', 'casella', 'account', 'usu[aá]rio', 'utilizador', 'destinat[aá]rio', 'caixa', '\\bconta\\b', 'gebruiker', 'ontvanger', 'postvak', 'postbus',
  'u[zż]ytkownik', 'odbiorc', 'skrzynk', '\\bkont[ao]', 'u[zž]ivatel', 'p[rř][ií]jemc', 'schr[aá]nk', '[uú][cč]et', 'anv[aä]ndare', 'mottagare', 'bruger', 'modtager', 'bruker', 'mottaker',
  'postl[aå]da', 'postkasse', 'k[aä]ytt[aä]j[aä]', 'vastaanottaja', 'postilaatikko', 'пользовател', 'получател', 'адресат', 'ящик', 'аккаунт', 'користувач', 'отримувач', 'скриньк',
  'kullan[ıi]c[ıi]', 'al[ıi]c[ıi]', 'posta kutusu', 'hesap', 'felhaszn[aá]l[oó]', 'c[ií]mzett', 'postafi[oó]k', 'utilizator', 'destinatar', 'c[aă]su[tțţ]', 'χρήστης', 'παραλήπτης',
  '用户', '用戶', '收件人', '邮箱', '郵箱', '信箱', '账户', '帳號', '账号', 'ユーザ', '宛先', '受信者', 'メールボックス', 'アカウント', '사용자', '수신자', '메일함', '계정',
].join('|');

const UNKNOWN = [
  'unbekannt', 'nicht bekannt', 'existiert nicht', 'gibt es nicht', 'nicht gefunden', 'ung[uü]ltig', 'inconnue?', 'existe (?:pas|plus)', 'introuvable', 'desconocid[oa]', 'no existe',
  'no encontrad[oa]', 'inexistente', 'inesistente', 'sconosciut[oa]', 'non (?:esiste|trovat[oa])', 'n[aã]o (?:existe|encontrad[oa])', 'desconhecid[oa]', 'onbekend', 'bestaat niet', 'niet gevonden',
  'nie istnieje', 'nieznan[ya]', 'neexistuje', 'nezn[aá]m[yý]', 'finns (?:inte|ej)', 'ok[aä]nd', 'findes ikke', 'ukendt', 'finnes ikke', 'ukjent', 'ei l[oö]ydy', 'tuntematon', 'ei ole olemassa',
  'не существует', 'не найден', 'неизвест', '\\sнет(?![\\p{L}])', 'не існує', 'невідом', 'bulunamad[ıi]', 'mevcut de[gğ]il', 'nem l[eé]tezik', 'ismeretlen', 'nu exist[aă]', 'necunoscut',
  'δεν υπάρχει', '不存在', '未知', '无效', '找不到', '存在しま', '見つかりま', '不明', '찾을 수 없', '존재하지 않',
].join('|');

const FULL = [
  'voll(?![\\p{L}])', '[uü]berf[uü]llt', 'pleine?(?![\\p{L}])', 'llen[oa]', 'pien[oa]', 'chei[oa]', '\\bvol(?![\\p{L}])', 'pe[lł]n[aey]', 'pln[aáyý]', '[aä]r full', 'er (?:fuld|full)', 't[aä]ynn[aä]', 'переполнен',
  'полон', 'нет места', 'переповнен', '\\bdolu', 'megtelt', 'plin[aă]', '已满', '已滿', 'いっぱい', '容量', '가득', '초과',
].join('|');

const CLOSED = [
  'deaktiviert', 'gel[oö]scht', 'stillgelegt', 'd[eé]sactiv[eé]', 'supprim[eé]', 'cl[oô]tur[eé]', 'des?habilitad[oa]', 'desactivad[oa]', 'desativad[oa]', 'eliminad[oa]', 'disattivat[oa]', 'disabilitat[oa]',
  'uitgeschakeld', 'verwijderd', 'opgeheven', 'wy[lł][aą]czon', 'usuni[eę]t', 'zru[sš]en', 'inaktiverad', 'avslutad', 'deaktiver', 'nedlagt', 'отключ[её]н', 'удал[её]н', 'деактивирован',
  'devre d[ıi][sş][ıi]', 'kapat[ıi]l', 't[oö]r[oö]lve', '注销', '無効', '削除', '비활성', '삭제',
].join('|');

/** What speaks of machines, lists or spam is about us, whatever else it says. */
const NOT_OF_US = '^(?!.*(?:\\bip\\b|\\d\\.\\d{1,3}\\.\\d{1,3}\\.\\d|\\bspam|\\bdns|black ?list|blocklist|reputa))';

function ownerIs(states: string): RegExp {
  return new RegExp(`${NOT_OF_US}.*(?:(?:${OWNER})[^.;]{0,50}(?:${states})|(?:${states})[^.;]{0,30}(?:${OWNER}))`, 'u');
}

const IP = '(?:\\bip[- ]?(?:adress|anschrift|adres|c[ií]m)|adresse ip|direcci[oó]n ip|indirizzo ip|endere[cç]o ip|\\bip\\b|ip地址|ipアドレス|ip 주소)';
const SHUT_OUT = '(?:gesperrt|blockiert|abgelehnt|bloqu[eé]|bloquead[oa]|rechazad[oa]|bloccat[oa]|rifiutat[oa]|recusad[oa]|geblokkeerd|geweigerd|zablokowan|odrzucon|zablokov|blockerad|blokeret|blokkert|estetty|заблокирован|отклон|запрещ|заборонен|engellen|letilt|blocat|被拒|被封|拒绝|拒否|ブロック|차단)';

export const SOURCE_WORDS_ABROAD: readonly ReplyRule[] = [
  { id: 'any.ip-blocked-abroad', pattern: new RegExp(`${IP}[^;]{0,60}${SHUT_OUT}|${SHUT_OUT}[^.;]{0,40}${IP}|${IP}[^.;]{0,30}(?:${UNKNOWN})`, 'u'), culprit: 'source-ip', faultClass: 'block', temporaryClass: 'rate', meaning: 'The receiver blocks our address.', nextStep: 'Look for foreign mail from this host, look the address up on the block lists, then write to the receiver\'s postmaster with the whole reply.' },
];

/** Full before unknown: "no room in the mailbox" has the words of both in some languages. */
export const RECIPIENT_WORDS_ABROAD: readonly ReplyRule[] = [
  { id: 'any.full-abroad', pattern: ownerIs(FULL), culprit: 'recipient', faultClass: 'soft-bounce', meaning: 'The recipient\'s mailbox is full.', nextStep: 'Reach the person by another way; stop sending if it stays full.' },
  { id: 'any.inactive-abroad', pattern: ownerIs(CLOSED), culprit: 'recipient', faultClass: 'hard-bounce', meaning: 'The recipient\'s account is not active any more.', nextStep: 'Take the address off your lists.' },
  { id: 'any.no-user-abroad', pattern: ownerIs(UNKNOWN), culprit: 'recipient', faultClass: 'hard-bounce', meaning: 'The receiver has no such recipient.', nextStep: 'Check the address for a typing error; take it off your lists.' },
];
