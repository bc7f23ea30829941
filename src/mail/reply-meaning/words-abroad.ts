/**
 * Words about recipients and about us in other languages than English. Each language says it with a noun (user, mailbox,
 * account) near a state (unknown, full, closed), in either order; a reply that speaks of addresses of machines, of lists
 * or of spam is never read as one about the recipient.
 */
import type { ReplyRule } from './reply-rule.ts';

const OWNER = [
  'destin\\.', 'indirizzo', 'benutzer', 'empf(?:ä|ae?)nger', 'adressat', 'postfach', 'mailbox', 'konto', 'utilisateur', 'destinataire', 'bo[iî]te', 'compte', 'usuario', 'destinatario', 'buz[oó]n', 'cuenta',
  'utente', 'casella', 'casilla', 'account', 'usu[aá]rio', 'utilizador', 'destinat[aá]rio', 'caixa', '\\bconta\\b', 'gebruiker', 'ontvanger', 'postvak', 'postbus',
  'u[zż]ytkownik', 'odbiorc', 'skrzynk', '\\bkont[ao]', 'u[zž]ivatel', 'p[rř][ií]jemc', 'schr[aá]nk', '[uú][cč]et', 'anv[aä]ndare', 'mottagare', 'bruger', 'modtager', 'bruker', 'mottaker',
  'postl[aå]da', 'postkasse', 'k[aä]ytt[aä]j[aä]', 'vastaanottaja', 'postilaatikko', 'пользовател', 'получател', 'адресат', 'ящик', 'аккаунт', 'користувач', 'отримувач', 'скриньк',
  'kullan[ıi]c[ıi]', 'al[ıi]c[ıi]', 'posta kutusu', 'hesap', 'felhaszn[aá]l[oó]', 'c[ií]mzett', 'postafi[oó]k', 'utilizator', 'destinatar', 'c[aă]su[tțţ]', 'χρήστης', 'παραλήπτης',
  'pou[zž][ií]vate[lľ]', 'korisnik', 'uporabnik', 'потребител', 'kasutaja', 'lietot[aā]j', 'vartotoj', 'người (?:dùng|nhận)', 'pengguna', 'penerima', 'ผู้ใช้', 'ผู้รับ', 'משתמש', 'נמען', 'مستخدم', 'مستلم', 'adres[aá]t',
  '使用者', '用户', '用戶', '收件人', '邮箱', '郵箱', '信箱', '账户', '帳號', '账号', 'ユーザ', '宛先', '受信者', 'メールボックス', 'アカウント', '사용자', '수신자', '메일함', '계정',
].join('|');

const UNKNOWN = [
  'unbekannt', 'nicht bekannt', 'existiert nicht', 'gibt es (?:hier |bei uns )?nicht', 'nicht gefunden', 'ung(?:ue?|ü)ltig', 'inconnue?', 'existe (?:pas|plus)', 'introuvable', 'desconocid[oa]', 'no existe', 'inexistante?', 'errat[oa]', 'nie ma takie',
  'no encontrad[oa]', 'inexistente', 'inesistente', 'sconosciut[oa]', 'non (?:esiste|trovat[oa])', 'n[aã]o (?:existe|encontrad[oa])', 'desconhecid[oa]', 'onbekend', 'bestaat niet', 'niet gevonden',
  'nie istnieje', 'nieznan[ya]', 'neexistuje', 'nezn[aá]m[aáyý]', 'finns (?:inte|ej)', 'ok[aä]nd', 'findes ikke', 'ukendt', 'finnes ikke', 'ukjent', 'ei l[oö]ydy', 'tuntematon', 'ei ole olemassa',
  'не существует', 'не найден', 'неизвест', '\\sнет(?![\\p{L}])', 'не існує', 'невідом', 'bulunamad[ıi]', 'mevcut de[gğ]il', 'nem l[eé]tezik', 'ismeretlen', 'nu exist[aă]', 'necunoscut',
  'nicht vorhanden', 'inv[aá]lid[oa]', 'invalide', 'non valid[oa]', 'non esiste', 'nie znaleziono', 'inexistent', 'ne postoji', 'nepoznat', 'neznan', 'neexistuje', 'не съществува', 'непознат', 'ei leitud', 'nav atrasts', 'nerastas',
  'yok(?![\\p{L}])', 'không (?:tồn tại|tìm thấy)', 'tidak (?:ditemukan|dikenal)', 'ไม่พบ', 'לא (?:קיים|נמצא)', 'غير موجود', 'لا يوجد', 'άγνωστ',
  'δεν υπάρχει', '未找到', '無效', 'いません', '存在しない', 'неверн', '不存在', '未知', '无效', '找不到', '存在しま', '見つかりま', '不明', '찾을 수 없', '존재하지 않',
].join('|');

/** Right before the noun. */
const NO = '(?:kein(?:e[rn]?)?(?: solche[rns]?)?|aucune?|pas d.|ning[uú]na?|nenhuma?|nessun[oa]?|geen|brak|ingen|nincs(?: ilyen)?|nema(?: takvog)?|няма|tidak ada|没有(?:此|该|这个)?|沒有(?:此|該)?|查无此?|查無此?|无此|無此|없는) ?';

const FULL = [
  'voll(?![\\p{L}])', '[uü]berf[uü]llt', 'pleine?(?![\\p{L}])', 'llen[oa]', 'pien[oa]', 'chei[oa]', '\\bvol(?![\\p{L}])', 'pe[lł]n[aey]', 'pln[aáyý]', '[aä]r full', 'er (?:fuld|full)', 't[aä]ynn[aä]', 'переполнен',
  'полон', 'нет места', 'переповнен', '\\bdolu', 'megtelt', 'plin[aă]', 'hely(?![\\p{L}])', 'yer yok', 'speicher', 'espacio', 'espace (?:disque|disponible)', 'spazio', 'espa[cç]o', 'ruimte', 'đầy', 'penuh', '空间', '空間', '空き', '已满', '已滿', 'いっぱい', '容量', '가득', '초과',
].join('|');

const CLOSED = [
  'deaktiviert', 'gel[oö]scht', 'stillgelegt', 'd[eé]sactiv[eé]', 'supprim[eé]', 'cl[oô]tur[eé]', 'des?habilitad[oa]', 'desactivad[oa]', 'desativad[oa]', 'eliminad[oa]', 'disattivat[oa]', 'disabilitat[oa]',
  'uitgeschakeld', 'verwijderd', 'opgeheven', 'wy[lł][aą]czon', 'usuni[eę]t', 'zru[sš]en', 'inaktiverad', 'avslutad', 'deaktiver', 'nedlagt', 'отключ[её]н', 'удал[её]н', 'деактивирован',
  'expirad[oa]', 'inactiv[oa]', 'inattiv[oa]', 'abgelaufen', 'expirée?',
  'devre d[ıi][sş][ıi]', 'kapat[ıi]l', 't[oö]r[oö]lve', '注销', '無効', '削除', '비활성', '삭제',
].join('|');

/** Closed for the moment, or until somebody pays or logs in: it may open again. */
const PAUSED = [
  'gesperrt', 'suspendu', 'suspendid[oa]', 'sospes[oa]', 'bloquead[oa]', 'bloccat[oa]', 'bloqu[eé]', 'geblokkeerd', 'opgeschort', 'zablokowan', 'zablokov[aá]n', 'blockera[td]', 'blokeret', 'sp[aä]rra[td]', 'estetty',
  'vor[uü]bergehend', 'tempor(?:[aä]r|airement|almente|aneamente|ariamente)', 'tijdelijk', 'tymczasow', 'do[cč]asn', 'tillf[aä]lligt', 'midlertidig', 'ge[cç]ici', 'ideiglenes',
  'заблокирован', 'приостановлен', 'временно', 'тимчасов', 'ask[ıi]ya', '暂时', '暫時', '停用', '冻结', '凍結', '停止', '一時', '정지', '일시',
].join('|');

const SENDER = 'absender|mittente|remitente|remetente|exp[eé]diteur|[eé]metteur|afzender|nadawc|odes[ií]latel|avs[aä]ndar|afsender|l[aä]hett[aä]j|отправител|відправник|g[oö]nderen|felad[oó]|发件人|發件人|寄件人|送信者|差出人|보낸 ?사람|발신';

/** What speaks of machines, lists, spam or the sender is about us, whatever else it says. */
const NOT_OF_US = `^(?!.*(?:\\bip\\b|\\d\\.\\d{1,3}\\.\\d{1,3}\\.\\d|\\bspam|\\bdns|black ?list|blocklist|reputa|aut?h?enti[fcs]|anmeld|авториз|认证|認證|認証|${SENDER}))`;

function ownerIs(states: string, whose = OWNER): string {
  return `${NOT_OF_US}.*(?:(?:${whose})[^.;]{0,50}(?:${states})|(?:${states})[^.;]{0,30}(?:${whose}))`;
}

/** An address may be that of a machine or of the sender: only one that is nobody's by the words is the recipient's. */
const ADDRESS = '(?:adress(?:en?|a)?(?![\\p{L}])|\\badres[auęyă]?(?![\\p{L}])|direcci[oó]n|endere[cç]o|osoite|адрес|\\bc[ií]m(?![\\p{L}])|διεύθυνση|地址|アドレス|주소|alamat|địa chỉ)';
const NOT_OURS = `^(?!.*(?:domain|domein|dom[eéíi]n|домен|serv[ei]|serwer|сервер|\\bhost|\\b(?:ihre[rn]?|your|votre|vostr[oa]|uw|sua?|seu|twoj|v[aá][sš]|din|deres)(?![\\p{L}])|ваш))`;

const IP = '(?:\\bip[- ]?(?:adress|anschrift|adres|c[ií]m)|adresse ip|direcci[oó]n ip|indirizzo ip|endere[cç]o ip|\\bip\\b|ip地址|ipアドレス|ip 주소)';
const SHUT_OUT = '(?:refus[eé]|verweigert|nicht akzeptiert|rejeitad[oa]|odm[ií]tnut|gesperrt|blockiert|abgelehnt|bloqu[eé]|bloquead[oa]|rechazad[oa]|bloccat[oa]|rifiutat[oa]|recusad[oa]|geblokkeerd|geweigerd|zablokowan|odrzucon|zablokov|blockerad|blokeret|blokkert|estetty|заблокирован|отклон|запрещ|заборонен|engellen|letilt|blocat|被拒|被封|拒绝|拒否|ブロック|차단)';

const SERVER = '(?:votre serveur|ihr(?:em|en)? (?:mail-?)?server|(?:su|seu|o|el)? ?servidor|(?:il|vostro|suo) server|uw (?:mail-?)?server|wasz serwer|tw[oó]j serwer|v[aá][sš] server|deres server|din server|ваш (?:почтовый )?сервер|sunucu|服务器|伺服器|サーバ|서버)';
const BLACK_LIST = '(?:listes? noires?|lista negra|lista nera|zwarte lijst|schwarzen? liste|czarn\\p{L}{1,3} li[sś]\\p{L}{1,3}|[cč]ern\\p{L}{1,3} listin|ч[её]рн\\p{L}{1,3} спис|чорн\\p{L}{1,3} спис|svarta? lista|kara liste|黑名单|黑名單|ブラックリスト|블랙리스트)';
const NOT_OF_THE_SERVER = `^(?!.*(?:${SENDER}|domaine|dom[ií]nio|domain|домен|empf(?:ä|ae?)nger|destinat|получател))`;

export const SOURCE_WORDS_ABROAD: readonly ReplyRule[] = [
  { id: 'any.server-blocked-abroad', pattern: new RegExp(`${NOT_OF_THE_SERVER}.*(?:${SERVER}[^;]{0,60}(?:${SHUT_OUT}|${BLACK_LIST})|${SHUT_OUT}[^.;]{0,30}${SERVER}|${BLACK_LIST})`, 'u'), culprit: 'source-ip', faultClass: 'block', temporaryClass: 'rate', meaning: 'The receiver blocks our server.', nextStep: 'Look for foreign mail from this host, look the address up on the block lists, then write to the receiver\'s postmaster with the whole reply.' },
  { id: 'any.sender-domain-abroad', pattern: new RegExp(`(?:(?:domaine|dom[ií]nio|domain|domena|dom[eé]na|домен)[^.;]{0,30}(?:${SENDER})|(?:${SENDER})-?(?:domain|domein|domena|adresse))[^.;]{0,40}(?:r[eé]so|aufl[oö]|aufgel|existe|existier|exist|encontr|trovat|gefunden|разреш|не найден|rozwi)`, 'u'), culprit: 'our-dns', faultClass: 'authentication', meaning: 'The receiver does not accept the envelope sender: its domain does not resolve, or its server denies the address.', nextStep: 'Publish MX records for the sender\'s domain and see that the sender\'s address accepts mail.' },
  { id: 'any.ip-blocked-abroad', pattern: new RegExp(`${IP}[^;]{0,60}${SHUT_OUT}|${SHUT_OUT}[^.;]{0,40}${IP}|${IP}[^.;]{0,30}(?:${UNKNOWN})`, 'u'), culprit: 'source-ip', faultClass: 'block', temporaryClass: 'rate', meaning: 'The receiver blocks our address.', nextStep: 'Look for foreign mail from this host, look the address up on the block lists, then write to the receiver\'s postmaster with the whole reply.' },
];

const MAIL = '(?:nachrichten|e-?mails?|mails?|messages?|courriels?|correos|mensajes|messaggi|mensagens|berichten|wiadomo[sś]ci|zpr[aá]v|meddelanden|meddelelser|beskeder|viestej[aä]|писем|сообщени[йя]|лист[иі]в|повідомлень|posta|mesaj|[uü]zenet|lev[eé]l|邮件|郵件|信件|メール|メッセージ|메일|메시지)';
const TOO_MANY = '(?:zu ?viele?|trop (?:de|d.)|demasiad[oa]s|tropp[ei]|muit[ao]s|excesso de|te ?veel|za du[zż]o|zbyt (?:wiele|du[zż]o)|p[rř][ií]li[sš] mnoho|f[oö]r m[aå]nga|for mange|liian (?:monta|paljon)|слишком много|забагато|[cç]ok fazla|t[uú]l sok|过多|過多|太多|多すぎ|너무 많)';
const LIMIT = '(?:tages(?:grenze|limit|kontingent)|stunden(?:grenze|limit|kontingent)|(?:sende|nachrichten|mail)limit|d[eé]passement du d[eé]bit|limite (?:quotidienne?|journali[eè]re|horaire|d.envoi|diari[oa]|giornaliero|orario|de (?:env[ií]o|envio|mensajes|mensagens))|daglimiet|verzendlimiet|limit (?:dzienny|godzinowy|wysy[lł]ki)|denn[ií] limit|dagsgr[aä]ns|лимит|обмеження|límit|频率|頻率|上限|制限を超|한도)';
const CONNECTIONS = '(?:verbindungen|connexions|conexiones|connessioni|conex[oõ]es|verbindingen|po[lł][aą]cze[nń]|p[rř]ipojen[ií]|anslutningar|forbindelser|соединений|підключень|ba[gğ]lant[ıi]|kapcsolat|连接|連線|接続|연결)';
const JUNK = 'correo (?:no deseado|basura)|ind[eé]sirable|pourriel|ongewenste|indesejad[ao]|posta indesiderata|niechcian|nevy[zž][aá]dan|skr[aä]ppost|s[oö]ppelpost|roskaposti|istenmeyen|k[eé]retlen|нежелательн|спам|небажан|werbe-?mail|unerw[uü]nschte werbung|als werbung|垃圾|迷惑メール|스팸';
const CONTENT = '(?:inhalts?(?![\\p{L}])|contenu|contenido|contenuto|conte[uú]do|inhoud|tre[sś]ci|obsah|содержим|содержани|内容|內容)';
const BIG = '(?:zu gro(?:ß|ss)|trop (?:gros|grand|volumineux|lourd)|demasiado grande|troppo grande|te groot|(?:muito|demasiado) grande|слишком больш|завелик|za du[zż][aey]|p[rř][ií]li[sš] velk|f[oö]r stor|liian suuri|[cç]ok b[uü]y[uü]k|t[uú]l nagy|太大|过大|過大|大きすぎ|너무 큽)';

/** Before all others: what the site does with everybody whom it meets for the first time. */
export const WAITING_ABROAD: readonly ReplyRule[] = [
  { id: 'any.greylist-abroad', pattern: /^4\d\d .*(?:graulist|liste grise|lista (?:gris|grigia|cinza)|szar[aą] list|сер(?:ый|ого) спис|灰名单|グレイリスト|kennen (?:sie|wir sie) noch nicht|noch unbekannter absender|inconnu pour le moment|premi[eè]re (?:fois|connexion)|primera vez|prima volta|primeira vez)/u, culprit: 'theirs', faultClass: 'greylist', meaning: 'The receiver greylists: it makes unknown senders wait once.', nextStep: 'Nothing to do: the next attempt is normally accepted.' },
];

/** About one recipient, who gets too much. */
const RECEIVING = '(?:recebendo|recibiendo|riceve(?:ndo)?|re[cç]oit|erh(?:ä|ae?)lt|ontvangt|otrzymuje|получает|отримує)';
const TOO_FAST = '(?:muito r[aá]pido|demasiado r[aá]pido|troppo rapidamente|trop (?:vite|rapidement)|zu schnell|te snel|zbyt szybko|слишком быстро|занадто швидко)';

/** About the amount of mail, and the message itself. */
export const MAIL_WORDS_ABROAD: readonly ReplyRule[] = [
  { id: 'any.recipient-rate-abroad', pattern: new RegExp(`${RECEIVING}[^.;]{0,40}${TOO_FAST}`, 'u'), culprit: 'recipient', faultClass: 'rate', meaning: 'This recipient gets mail faster than the receiver accepts for one mailbox.', nextStep: 'Nothing to do: only this recipient waits.' },
  { id: 'any.connections-abroad', pattern: new RegExp(`${TOO_MANY}[^.;]{0,40}${CONNECTIONS}|${CONNECTIONS}${TOO_MANY}`, 'u'), culprit: 'capacity', faultClass: 'rate', meaning: 'We have more connections to this receiver than it allows.', nextStep: 'Nothing is lost: it is tried again with fewer.' },
  { id: 'any.rate-abroad', pattern: new RegExp(`${TOO_MANY}[^.;]{0,30}${MAIL}|${MAIL}[^.;]{0,20}${TOO_MANY}|${LIMIT}`, 'u'), culprit: 'capacity', faultClass: 'rate', meaning: 'The receiver takes fewer messages from us in this time.', nextStep: 'Nothing is lost: it is tried again later and more slowly.' },
  { id: 'any.size-abroad', pattern: new RegExp(`${BIG}|超过[^.;]{0,10}大小`, 'u'), culprit: 'message', faultClass: 'format', meaning: 'The message is larger than the receiver accepts.', nextStep: 'Send a link instead of the attachment, or split it.' },
  { id: 'any.link-abroad', pattern: new RegExp(`(?:\\blinks?\\b|\\burls?\\b|\\bliens?\\b|enlaces?|collegament|hiperv[ií]nculo|odkaz|odno[sś]nik|ссылк|посилан|ba[gğ]lant[ıi] adresi|链接|連結|リンク)[^;]{0,100}${SHUT_OUT}`, 'u'), culprit: 'content', meaning: 'The receiver does not like a link in the message.', nextStep: 'Look every link and domain of the message up at https://check.spamhaus.org and SURBL; do without link shorteners.' },
  { id: 'any.content-abroad', pattern: new RegExp(`${NOT_OF_US}.*(?:${CONTENT}[^.;]{0,40}${SHUT_OUT}|${SHUT_OUT}[^.;]{0,60}${CONTENT})`, 'u'), culprit: 'content', meaning: 'The receiver refuses the message for what is in it.', nextStep: 'Compare with a plain message to the same recipient; look at links, attachments and words.' },
  { id: 'any.junk-abroad', general: true, pattern: new RegExp(JUNK, 'u'), culprit: 'content', meaning: 'The receiver takes the message for spam.', nextStep: 'Compare with a plain message to the same recipient; look at links, attachments and lists.' },
];

/** Full before unknown: "no room in the mailbox" has the words of both in some languages. */
export const RECIPIENT_WORDS_ABROAD: readonly ReplyRule[] = [
  { id: 'any.full-abroad', pattern: new RegExp(ownerIs(FULL), 'u'), culprit: 'recipient', faultClass: 'soft-bounce', meaning: 'The recipient\'s mailbox is full.', nextStep: 'Reach the person by another way; stop sending if it stays full.' },
  { id: 'any.paused-abroad', pattern: new RegExp(ownerIs(PAUSED), 'u'), culprit: 'recipient', faultClass: 'soft-bounce', meaning: 'The recipient\'s mailbox is closed for the moment.', nextStep: 'Reach the person by another way; stop sending if it stays so.' },
  { id: 'any.inactive-abroad', pattern: new RegExp(ownerIs(CLOSED), 'u'), culprit: 'recipient', faultClass: 'hard-bounce', meaning: 'The recipient\'s account is not active any more.', nextStep: 'Take the address off your lists.' },
  { id: 'any.no-user-abroad', pattern: new RegExp(`${ownerIs(UNKNOWN)}|${NOT_OF_US}.*${NO}(?:${OWNER})|查[无無]此人|${NOT_OURS}${ownerIs(`${UNKNOWN}|ei ole(?! tilaa)`, ADDRESS)}`, 'u'), culprit: 'recipient', faultClass: 'hard-bounce', meaning: 'The receiver has no such recipient.', nextStep: 'Check the address for a typing error; take it off your lists.' },
];
