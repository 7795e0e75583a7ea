package inbox

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// InboxChannel is a channel as it is told: without its secrets.
type InboxChannel struct {
	ID        uuid.UUID   `json:"id" format:"uuid"`
	Org       *uuid.UUID  `json:"org,omitempty" format:"uuid" doc:"Absent: your own"`
	Kind      ChannelKind `json:"kind" enum:"mail,sms,wecom,wecom-app,dingtalk,feishu,webhook"`
	Name      string      `json:"name"`
	Address   string      `json:"address" doc:"Mail address, number, or the host alone"`
	Lang      string      `json:"lang" enum:"zh,en"`
	Enabled   bool        `json:"enabled"`
	Verified  bool        `json:"verified" doc:"Nothing is sent before it is"`
	Trouble   *text.Text  `json:"trouble,omitempty" doc:"Why the last message could not be sent"`
	TroubleAt *time.Time  `json:"troubleAt,omitempty"`
	Sent      *time.Time  `json:"sent,omitempty" doc:"Last success"`
	Waiting   int         `json:"waiting"`
	Dead      int         `json:"dead" doc:"Undelivered"`
}

func channelView(c *Channel) InboxChannel {
	v := InboxChannel{ID: c.ID, Kind: c.Kind, Name: c.Name, Address: c.Address, Lang: c.Lang, Enabled: c.Enabled, Verified: c.Verified != 0,
		TroubleAt: store.Instant(c.TroubleAt), Sent: store.Instant(c.Sent), Waiting: c.Waiting, Dead: c.Dead}
	if c.Org != uuid.Nil {
		v.Org = &c.Org
	}
	if !c.Trouble.IsZero() {
		v.Trouble = &c.Trouble
	}
	return v
}

// InboxChannelRequest adds a channel. Secrets go in and never come out.
type InboxChannelRequest struct {
	Org     *uuid.UUID  `json:"org,omitempty" format:"uuid" doc:"Whose it is; without it your own, which is mail or SMS"`
	Kind    ChannelKind `json:"kind" enum:"mail,sms,wecom,wecom-app,dingtalk,feishu,webhook"`
	Name    string      `json:"name,omitempty" maxLength:"60"`
	Lang    string      `json:"lang,omitempty" enum:"zh,en"`
	Address string      `json:"address,omitempty" maxLength:"254" doc:"Mail address or mobile number"`
	URL     string      `json:"url,omitempty" maxLength:"1000" doc:"Of a robot or webhook" writeOnly:"true"`
	Secret  string      `json:"secret,omitempty" maxLength:"500" doc:"Signs requests to DingTalk, Feishu and webhooks; of a WeCom application" writeOnly:"true"`
	Corp    string      `json:"corp,omitempty" maxLength:"64" doc:"corpid of a WeCom application"`
	Agent   int64       `json:"agent,omitempty" minimum:"0" maximum:"9007199254740991" doc:"agentid"`
	To      string      `json:"to,omitempty" maxLength:"1000" doc:"Its recipients: user ids joined by |, or @all"`
}

// InboxChannelChange changes a channel; what is left out stays.
type InboxChannelChange struct {
	Name    *string `json:"name,omitempty" maxLength:"60"`
	Enabled *bool   `json:"enabled,omitempty"`
	Lang    *string `json:"lang,omitempty" enum:"zh,en"`
}

// InboxTest is how a test went.
type InboxTest struct {
	Sent    bool       `json:"sent"`
	Code    bool       `json:"code" doc:"It carried a code; verify the channel with it"`
	Trouble *text.Text `json:"trouble,omitempty"`
}

// InboxCode verifies a channel.
type InboxCode struct {
	Code string `json:"code" minLength:"1" maxLength:"20"`
}

type channelOutput struct{ Body InboxChannel }

func (s *Service) channelRoutes(a *api.Server) {
	type listInput struct{ InboxOrg }
	api.Register(a, tag.Operation(http.MethodGet, "listInboxChannels", "/inbox/channels", "Where messages are sent: your own channels or an organisation's"),
		func(ctx context.Context, in *listInput) (*api.List[InboxChannel], error) {
			list, err := s.Channels(ctx, in.Org)
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(list, channelView), ""), nil
		})
	type addInput struct{ Body InboxChannelRequest }
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "addInboxChannel", "/inbox/channels", "Add a channel; it sends nothing before it is verified")),
		func(ctx context.Context, in *addInput) (*channelOutput, error) {
			b := in.Body
			c, err := s.AddChannel(ctx, NewChannel{Org: api.OrNil(b.Org), Kind: b.Kind, Name: b.Name, Lang: b.Lang,
				Settings: Settings{Address: b.Address, URL: b.URL, Secret: b.Secret, Corp: b.Corp, Agent: b.Agent, To: b.To}})
			return &channelOutput{channelView(&c)}, err
		})
	type changeInput struct {
		api.ByID
		Body InboxChannelChange
	}
	api.Register(a, tag.Operation(http.MethodPatch, "changeInboxChannel", "/inbox/channels/{id}", "Rename a channel, switch it on or off"),
		func(ctx context.Context, in *changeInput) (*channelOutput, error) {
			c, err := s.ChangeChannel(ctx, in.ID, ChannelChange{in.Body.Name, in.Body.Enabled, in.Body.Lang})
			return &channelOutput{channelView(&c)}, err
		})
	api.Register(a, tag.Operation(http.MethodDelete, "removeInboxChannel", "/inbox/channels/{id}", "Take a channel away with all that waits in it"),
		func(ctx context.Context, in *api.ByID) (*struct{}, error) { return nil, s.RemoveChannel(ctx, in.ID) })
	api.Register(a, tag.Operation(http.MethodPost, "testInboxChannel", "/inbox/channels/{id}/test", "Send a test; before the channel is verified it carries a code"),
		func(ctx context.Context, in *api.ByID) (*struct{ Body InboxTest }, error) {
			t, err := s.Test(ctx, in.ID)
			v := InboxTest{Sent: t.Sent, Code: t.Code}
			if !t.Trouble.IsZero() {
				v.Trouble = &t.Trouble
			}
			return &struct{ Body InboxTest }{v}, err
		})
	type verifyInput struct {
		api.ByID
		Body InboxCode
	}
	api.Register(a, tag.Operation(http.MethodPost, "verifyInboxChannel", "/inbox/channels/{id}/verify", "Verify a channel with the code that came through it"),
		func(ctx context.Context, in *verifyInput) (*channelOutput, error) {
			c, err := s.Verify(ctx, in.ID, in.Body.Code)
			return &channelOutput{channelView(&c)}, err
		})
}

// InboxUndelivered is a message that could not be delivered.
type InboxUndelivered struct {
	ID      uuid.UUID   `json:"id" format:"uuid"`
	Channel uuid.UUID   `json:"channel" format:"uuid"`
	Kind    ChannelKind `json:"kind"`
	Name    string      `json:"name"`
	Address string      `json:"address"`
	Text    text.Text   `json:"text"`
	Trouble text.Text   `json:"trouble"`
	Tries   int64       `json:"tries"`
	At      time.Time   `json:"at"`
	Ended   time.Time   `json:"ended"`
}

func undeliveredView(u *Undelivered) InboxUndelivered {
	return InboxUndelivered{u.ID, u.Channel, u.Kind, u.Name, u.Address, u.Text, u.Trouble, u.Tries, time.Unix(0, u.At).UTC(), time.Unix(0, u.Ended).UTC()}
}

func (s *Service) undeliveredRoutes(a *api.Server) {
	type listInput struct {
		InboxOrg
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listUndelivered", "/inbox/undelivered", "Messages that could not be delivered, the last first"),
		func(ctx context.Context, in *listInput) (*api.List[InboxUndelivered], error) {
			list, next, err := s.Undelivered(ctx, in.Org, in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(list, undeliveredView), next), nil
		})
	api.Register(a, tag.Operation(http.MethodPost, "retryUndelivered", "/inbox/undelivered/{id}/retry", "Send one again"),
		func(ctx context.Context, in *api.ByID) (*struct{}, error) { return nil, s.Again(ctx, in.ID) })
	api.Register(a, tag.Operation(http.MethodDelete, "dropUndelivered", "/inbox/undelivered/{id}", "Give one up"),
		func(ctx context.Context, in *api.ByID) (*struct{}, error) { return nil, s.Drop(ctx, in.ID) })
}

// InboxSenders are the node's own ways out, without secrets.
type InboxSenders struct {
	Mail *MailServer `json:"mail,omitempty"`
	SMS  *SMSGateway `json:"sms,omitempty"`
}

func (s *Service) senderRoutes(a *api.Server) {
	api.Register(a, tag.Operation(http.MethodGet, "getInboxSenders", "/inbox/senders", "How the node sends mail and SMS; for who runs the node"),
		func(ctx context.Context, _ *struct{}) (*struct{ Body InboxSenders }, error) {
			v, err := s.Senders(ctx)
			return &struct{ Body InboxSenders }{InboxSenders(v)}, err
		})
	type mailInput struct {
		Body struct {
			Mail     MailServer `json:"mail"`
			Password string     `json:"password,omitempty" maxLength:"500" writeOnly:"true" doc:"Empty: the one that stands, for the same server and user"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPut, "putMailServer", "/inbox/senders/mail", "Say how the node sends mail"),
		func(ctx context.Context, in *mailInput) (*struct{}, error) {
			return nil, s.SetMail(ctx, in.Body.Mail, in.Body.Password)
		})
	type smsInput struct {
		Body struct {
			SMS    SMSGateway `json:"sms"`
			Secret string     `json:"secret,omitempty" maxLength:"500" writeOnly:"true" doc:"Empty: the one that stands, for the same address"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPut, "putSMSGateway", "/inbox/senders/sms", "Say how the node sends SMS"),
		func(ctx context.Context, in *smsInput) (*struct{}, error) {
			return nil, s.SetSMS(ctx, in.Body.SMS, in.Body.Secret)
		})
	type removeInput struct {
		Kind string `path:"kind" enum:"mail,sms"`
	}
	api.Register(a, tag.Operation(http.MethodDelete, "removeInboxSender", "/inbox/senders/{kind}", "Take a way out away"),
		func(ctx context.Context, in *removeInput) (*struct{}, error) {
			return nil, s.RemoveSender(ctx, in.Kind)
		})
}
