package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// MailServer is how the node sends mail.
type MailServer struct {
	Host     string `json:"host" maxLength:"253"`
	Port     int    `json:"port" minimum:"1" maximum:"65535"`
	Security string `json:"security" enum:"starttls,tls" doc:"starttls: port 587; tls: port 465. Mail never leaves unencrypted"`
	User     string `json:"user,omitempty" maxLength:"254"`
	From     string `json:"from" maxLength:"254" doc:"Mail address that messages come from"`
	FromName string `json:"fromName,omitempty" maxLength:"60"`
}

// SMSGateway is how the node sends SMS: signed JSON to an operator's or integrator's gateway; see docs/inbox.md.
type SMSGateway struct {
	URL          string `json:"url" maxLength:"1000"`
	Signature    string `json:"signature,omitempty" maxLength:"30" doc:"短信签名 registered with the operator"`
	CodeTemplate string `json:"codeTemplate" maxLength:"60" doc:"Id of the template with {code} and {minutes}"`
	NoteTemplate string `json:"noteTemplate,omitempty" maxLength:"60" doc:"Id of the template with {text}; without one only codes are sent"`
}

// Senders are the node's own ways out, as they are shown.
type Senders struct {
	Mail *MailServer
	SMS  *SMSGateway
}

var hostForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$|^[0-9a-fA-F:]+$`)

func (s *Service) checkMail(m *MailServer) *problem.Error {
	if !hostForm.MatchString(m.Host) {
		return fault{"不是主机名", "is no host name", "例如 smtp.example.com", "Such as smtp.example.com"}.at("body.mail.host", m.Host, nameHost)
	}
	if a, ok := mailAddress(m.From); !ok || a != m.From {
		return fault{"不是邮箱地址", "is no mail address", "例如 notice@example.com", "Such as notice@example.com"}.at("body.mail.from", m.From, nameAddress)
	}
	if strings.ContainsFunc(m.FromName+m.User, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		return fault{"含有控制字符", "holds control characters", "请去掉", "Remove them"}.at("body.mail.fromName", "", nameName)
	}
	if m.Security != "tls" {
		m.Security = "starttls"
	}
	return nil
}

func (s *Service) checkSMS(g *SMSGateway, secret string) *problem.Error {
	if _, f := s.door.address(g.URL); f.is() {
		return f.at("body.sms.url", shorten(g.URL, 60), nameURL)
	}
	if len(secret) < 8 || len(secret) > maxSecret {
		return fault{"密钥缺失或长度不对", "is missing or of a wrong length", "请填写 8 至 500 个字符", "Give 8 to 500 characters"}.at("body.secret", "…", nameSecret)
	}
	if g.CodeTemplate == "" {
		return fault{"未填写", "is missing", "请填写运营商审核通过的验证码模板编号", "Give the id of the template for codes that the operator has approved"}.at("body.sms.codeTemplate", "", text.Text{Zh: "验证码模板", En: "Template for codes"})
	}
	return nil
}

// SetMail says how the node sends mail. Who runs the node may. An empty password leaves the one that stands, while host and user
// stay the same.
func (s *Service) SetMail(ctx context.Context, m MailServer, password string) error {
	p, err := auth.AllowNode(ctx, auth.Node)
	if err != nil {
		return err
	}
	if wrong := s.checkMail(&m); wrong != nil {
		return wrong
	}
	if old, secret, err := readSender[MailServer](ctx, s, "mail"); err == nil && password == "" && old.Host == m.Host && old.Port == m.Port && old.User == m.User {
		password = secret
	}
	return s.putSender(ctx, p, "mail", m, password)
}

// SetSMS says how the node sends SMS. An empty secret leaves the one that stands, while the address stays the same.
func (s *Service) SetSMS(ctx context.Context, g SMSGateway, secret string) error {
	p, err := auth.AllowNode(ctx, auth.Node)
	if err != nil {
		return err
	}
	if old, kept, err := readSender[SMSGateway](ctx, s, "sms"); err == nil && secret == "" && old.URL == g.URL {
		secret = kept
	}
	if wrong := s.checkSMS(&g, secret); wrong != nil {
		return wrong
	}
	return s.putSender(ctx, p, "sms", g, secret)
}

func (s *Service) putSender(ctx context.Context, p auth.Principal, kind string, shown any, secret string) error {
	row := senderRow{Kind: kind, Shown: encode(shown), Changed: s.o.Now().UnixNano()}
	var err error
	if row.Sealed, err = s.sealer.seal("sender "+kind, secret); err != nil {
		return err
	}
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(&row).On("CONFLICT (kind) DO UPDATE").Set("shown = EXCLUDED.shown").Set("sealed = EXCLUDED.sealed").Set("changed = EXCLUDED.changed").Exec(ctx)
		if err != nil {
			return wrap("set up a sender", err)
		}
		return s.noteNode(ctx, tx, p, "inbox.sender.set", kind, shown)
	})
}

// RemoveSender takes a way out away. Error: store.ErrNotFound.
func (s *Service) RemoveSender(ctx context.Context, kind string) error {
	p, err := auth.AllowNode(ctx, auth.Node)
	if err != nil {
		return err
	}
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewDelete().Model((*senderRow)(nil)).Where("kind = ?", kind).Exec(ctx)
		if err != nil {
			return wrap("remove a sender", err)
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return fmt.Errorf("sender %s: %w", kind, store.ErrNotFound)
		}
		return s.noteNode(ctx, tx, p, "inbox.sender.remove", kind, nil)
	})
}

func (s *Service) noteNode(ctx context.Context, tx bun.Tx, p auth.Principal, verb, kind string, after any) error {
	o := auth.OriginFrom(ctx)
	return audit.Record(ctx, tx, audit.Entry{Time: s.o.Now().UTC(), Org: uuid.Nil, Actor: auth.ActorOf(p), Via: p.Via, Verb: verb,
		Object: audit.Object{Kind: "inbox.sender", ID: kind, Name: kind}, After: audit.State(after), Remote: o.Remote, Trace: o.Trace})
}

// readSender reads a way out with its secret. Error: store.ErrNotFound.
func readSender[T any](ctx context.Context, s *Service, kind string) (v T, secret string, err error) {
	var row senderRow
	if err := s.o.DB.NewSelect().Model(&row).Where("kind = ?", kind).Scan(ctx); err != nil {
		return v, "", wrap("read a sender", err)
	}
	if err := json.Unmarshal([]byte(row.Shown), &v); err != nil {
		return v, "", fmt.Errorf("sender %s: %w", kind, err)
	}
	return v, secret, s.sealer.open("sender "+kind, row.Sealed, &secret)
}

// Senders are the node's own ways out. Only who runs the node sees them.
func (s *Service) Senders(ctx context.Context) (out Senders, err error) {
	if _, err := auth.AllowNode(ctx, auth.Node); err != nil {
		return out, err
	}
	m, _, err := readSender[MailServer](ctx, s, "mail")
	if err == nil || errors.Is(err, errSealed) {
		out.Mail = &m
	} else if !errors.Is(err, store.ErrNotFound) {
		return out, err
	}
	g, _, err := readSender[SMSGateway](ctx, s, "sms")
	if err == nil || errors.Is(err, errSealed) {
		out.SMS = &g
	} else if !errors.Is(err, store.ErrNotFound) {
		return out, err
	}
	return out, nil
}

func (s *Service) hasSender(ctx context.Context, kind ChannelKind) (bool, error) {
	if kind != Mail && kind != SMS {
		return true, nil
	}
	ok, err := s.o.DB.NewSelect().Model((*senderRow)(nil)).Where("kind = ?", string(kind)).Exists(ctx)
	return ok, store.Err(err)
}

// sms is the body of a call to the gateway.
type sms struct {
	ID        string            `json:"id"`
	Phone     string            `json:"phone"`
	Signature string            `json:"signature,omitempty"`
	Template  string            `json:"template"`
	Params    map[string]string `json:"params"`
}

// CodeLife is for how long a code that was sent holds.
const CodeLife = 5 * time.Minute

// SendCode sends a code by SMS at once. It is not queued: who waits for it asks again. Errors: ErrSender, ErrField; a trouble.
func (s *Service) SendCode(ctx context.Context, number, code, lang string) error {
	p, ok := phone(number)
	if !ok {
		return fault{"不是手机号", "is no mobile number", "填写 11 位手机号；境外号码以 + 和国家码开头", "Give 11 digits, or + and the country code"}.at("body.phone", number, namePhone)
	}
	err := s.sms(ctx, p, uuid.Must(uuid.NewV7()).String(), lang, s.o.Now(), func(g *SMSGateway) (string, map[string]string) {
		return g.CodeTemplate, map[string]string{"code": code, "minutes": fmt.Sprint(int(CodeLife.Minutes()))}
	})
	if t := (*trouble)(nil); errors.As(err, &t) && t.code == "no-sender" {
		return noSender(SMS)
	}
	return err
}

func noSender(kind ChannelKind) *problem.Error {
	name := map[ChannelKind]text.Text{Mail: {Zh: "邮件服务器", En: "mail server"}, SMS: {Zh: "短信网关", En: "SMS gateway"}}[kind]
	return ErrSender.With("kind", name)
}

func (s *Service) sms(ctx context.Context, number, id, lang string, at time.Time, what func(*SMSGateway) (string, map[string]string)) error {
	g, secret, err := readSender[SMSGateway](ctx, s, "sms")
	if errors.Is(err, store.ErrNotFound) {
		return &trouble{code: "no-sender", cause: err}
	}
	if err != nil {
		return network(err)
	}
	template, params := what(&g)
	if template == "" {
		return &trouble{code: "no-sender", detail: "template", final: true}
	}
	params["lang"] = lang
	return s.door.signed(ctx, g.URL, secret, id, at, sms{ID: id, Phone: number, Signature: g.Signature, Template: template, Params: params})
}

// maxSMS bounds the text of an SMS in characters; templates of Chinese operators take no more in one variable.
const maxSMS = 60

func (s *Service) sendSMS(ctx context.Context, c *Settings, o *outgoing) error {
	return s.sms(ctx, c.Address, o.ID, o.Lang, o.At, func(g *SMSGateway) (string, map[string]string) {
		if o.Code != "" {
			return g.CodeTemplate, map[string]string{"code": o.Code, "minutes": fmt.Sprint(int(verifyLife.Minutes()))}
		}
		return g.NoteTemplate, map[string]string{"text": shorten(o.Text.In(o.Lang), maxSMS)}
	})
}
