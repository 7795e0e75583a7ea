package inbox

import (
	"context"
	"time"

	"jingwei/internal/kernel/text"
)

// outgoing is what an adapter sends.
type outgoing struct {
	ID     string    // the same at every try
	Topic  string    // such as "flow.turn"; "test" and "digest" are ours
	Text   text.Text // what to say
	Link   string    // whole address, or ""
	Lang   string
	Due    int64 // 0: none
	At     time.Time
	Code   string // only of a test: what verifies the channel
	Urgent bool
}

// words are what a person reads.
func (o *outgoing) words() string {
	s := o.Text.In(o.Lang)
	if o.Due != 0 && o.Topic != "digest" {
		due := time.Unix(0, o.Due).In(china).Format("2006-01-02 15:04")
		if o.Lang == "en" {
			s += "\nDue: " + due
		} else {
			s += "\n截止：" + due
		}
	}
	if o.Link != "" {
		s += "\n" + o.Link
	}
	return s
}

// adapter sends one message. It returns only after the other side has taken it; its errors are troubles.
type adapter func(ctx context.Context, s *Settings, o *outgoing) error

// adapterOf finds the adapter of a channel's kind.
func (s *Service) adapterOf(kind ChannelKind) adapter {
	switch kind {
	case Mail:
		return s.sendMail
	case SMS:
		return s.sendSMS
	case WeCom:
		return s.door.sendWeCom
	case WeComApp:
		return s.sendWeComApp
	case DingTalk:
		return s.door.sendDingTalk
	case Feishu:
		return s.door.sendFeishu
	case Webhook:
		return s.door.sendWebhook
	}
	return nil
}
