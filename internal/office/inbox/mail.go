package inbox

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"

	"github.com/wneessen/go-mail"

	"jingwei/internal/kernel/outward"
	"jingwei/internal/kernel/store"
)

// sendMail hands a message to the node's mail server, with STARTTLS or TLS and never without. The Message-ID is the same at
// every try, so that a mailbox shows what comes twice as one.
func (s *Service) sendMail(ctx context.Context, c *Settings, o *outgoing) error {
	server, password, err := readSender[MailServer](ctx, s, "mail")
	if errors.Is(err, store.ErrNotFound) {
		return &trouble{code: "no-sender", cause: err}
	}
	if err != nil {
		return network(err)
	}
	ctx, cancel := context.WithTimeout(ctx, outward.SendTimeout)
	defer cancel()
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := errors.Join(msg.FromFormat(server.FromName, server.From), msg.To(c.Address)); err != nil {
		return &trouble{code: "refused", detail: lineOf(err.Error()), final: true}
	}
	_, domain, _ := strings.Cut(server.From, "@")
	msg.SetMessageIDWithValue(o.ID + "@" + domain)
	msg.SetDateWithValue(o.At)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no answering machine answers
	subject, _, _ := strings.Cut(o.Text.In(o.Lang), "\n")
	msg.Subject(shorten(subject, 100))
	msg.SetBodyString(mail.TypeTextPlain, o.words()+"\n")

	config := s.door.TLS(server.Host)
	options := []mail.Option{mail.WithPort(server.Port), mail.WithTimeout(outward.DialTimeout), mail.WithTLSConfig(config), mail.WithHELO(domain), mail.WithoutNoop()}
	if server.Security == "tls" {
		options = append(options, mail.WithTLSPolicy(mail.NoTLS), mail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			raw, err := s.door.Dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			conn := tls.Client(raw, config)
			if err := conn.HandshakeContext(ctx); err != nil {
				_ = raw.Close()
				return nil, err
			}
			return conn, nil
		}))
	} else {
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory), mail.WithDialContextFunc(s.door.Dial))
	}
	if server.User != "" {
		how := mail.SMTPAuthAutoDiscover
		if server.Security == "tls" { // the library finds nothing out on a connection that it did not encrypt itself
			how = mail.SMTPAuthPlain
		}
		options = append(options, mail.WithSMTPAuth(how), mail.WithUsername(server.User), mail.WithPassword(password))
	}
	client, err := mail.NewClient(server.Host, options...)
	if err != nil {
		return &trouble{code: "refused", detail: lineOf(err.Error()), final: true}
	}
	return mailTrouble(client.DialAndSendWithContext(ctx, msg))
}

func mailTrouble(err error) error {
	if err == nil {
		return nil
	}
	detail := lineOf(err.Error())
	var sent *mail.SendError
	switch {
	case errors.As(err, &sent) && !sent.IsTemp() && sent.ErrorCode()/100 == 5:
		return &trouble{code: "refused", detail: detail, final: true, cause: err}
	case errors.As(err, &sent):
		return &trouble{code: "busy", detail: detail, cause: err}
	case strings.Contains(detail, "STARTTLS"):
		return &trouble{code: "encryption", detail: detail, cause: err}
	case strings.Contains(detail, "535") || strings.Contains(detail, "534") || strings.Contains(strings.ToLower(detail), "auth"):
		return &trouble{code: "sign-in", detail: detail, cause: err} // whoever runs the node may mend it: try again
	}
	return network(err)
}
