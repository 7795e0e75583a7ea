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

const tag = api.Tag("inbox")

// InboxItem is a to-do or a message as it is told.
type InboxItem struct {
	ID         uuid.UUID  `json:"id" format:"uuid"`
	Kind       Kind       `json:"kind" enum:"todo,note"`
	Topic      string     `json:"topic" doc:"Of what sort, such as flow.turn"`
	Org        *uuid.UUID `json:"org,omitempty" format:"uuid" doc:"The organisation that it concerns"`
	Mine       bool       `json:"mine" doc:"Addressed to you; otherwise to everybody of the organisation who may"`
	Text       text.Text  `json:"text"`
	Link       string     `json:"link,omitempty" doc:"Page in the console, below the organisation's address"`
	ObjectKind string     `json:"objectKind,omitempty"`
	ObjectID   string     `json:"objectId,omitempty"`
	Urgency    Urgency    `json:"urgency" enum:"urgent,high,normal"`
	Due        *time.Time `json:"due,omitempty"`
	Overdue    bool       `json:"overdue,omitempty"`
	At         time.Time  `json:"at"`
	Done       *time.Time `json:"done,omitempty" doc:"Of a to-do"`
	Read       bool       `json:"read"`
}

func (s *Service) view(i *Item) InboxItem {
	v := InboxItem{ID: i.ID, Kind: i.Kind, Topic: i.Topic, Mine: i.Person != uuid.Nil, Text: i.Text, Link: i.Link, ObjectKind: i.Object.Kind, ObjectID: i.Object.ID,
		Urgency: i.Urgency, Overdue: i.overdue(s.o.Now().UnixNano()), At: time.Unix(0, i.At).UTC(), Done: store.Instant(i.Done), Read: i.Read}
	if i.Org != uuid.Nil {
		v.Org = &i.Org
	}
	if i.Due != store.Forever {
		v.Due = store.Instant(i.Due)
	}
	return v
}

// InboxCount is how much waits.
type InboxCount struct {
	Todos  int `json:"todos" doc:"To-dos that wait; counting ends at 1000"`
	Urgent int `json:"urgent" doc:"Of them: urgent, or past their time"`
	Unread int `json:"unread" doc:"Messages"`
}

// InboxMarked is how many were marked.
type InboxMarked struct {
	Read int `json:"read"`
}

// InboxPreference is how a person wants to be told. Times are minutes since midnight in China.
type InboxPreference struct {
	Quiet     bool   `json:"quiet" doc:"In the quiet hours only what is urgent is sent"`
	QuietFrom int    `json:"quietFrom" minimum:"0" maximum:"1439"`
	QuietTo   int    `json:"quietTo" minimum:"0" maximum:"1439"`
	Digest    Digest `json:"digest" enum:"off,hourly,daily"`
	DigestAt  int    `json:"digestAt" minimum:"0" maximum:"1439"`
	Desk      bool   `json:"desk" doc:"Also what your organisations get, not only what is addressed to you"`
}

func preferenceView(p Preference) InboxPreference {
	return InboxPreference{p.Quiet, p.QuietFrom, p.QuietTo, p.Digest, p.DigestAt, p.Desk}
}

// InboxOrg is embedded where an organisation may be named.
type InboxOrg struct {
	Org uuid.UUID `query:"org" format:"uuid" doc:"This organisation's; without it what is yours"`
}

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	s.itemRoutes(a)
	s.channelRoutes(a)
	s.undeliveredRoutes(a)
	s.senderRoutes(a)
}

func (s *Service) itemRoutes(a *api.Server) {
	type listInput struct {
		Org    uuid.UUID `query:"org" format:"uuid" doc:"Only this organisation's, and what is addressed to you alone; without it all"`
		Kind   Kind      `query:"kind" enum:"todo,note"`
		State  string    `query:"state" enum:"open,done,unread,read" doc:"open and done of to-dos, unread and read of any"`
		Object string    `query:"object" maxLength:"100" doc:"Id of what they are about"`
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listInbox", "/inbox", "To-dos and messages: open to-dos by urgency and due time, else the newest first"),
		func(ctx context.Context, in *listInput) (*api.List[InboxItem], error) {
			items, next, err := s.List(ctx, Filter{Org: in.Org, Kind: in.Kind, State: in.State, Object: in.Object}, in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(items, s.view), next), nil
		})
	type countInput struct {
		Org uuid.UUID `query:"org" format:"uuid"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "countInbox", "/inbox/count", "How much waits"),
		func(ctx context.Context, in *countInput) (*struct{ Body InboxCount }, error) {
			c, err := s.Count(ctx, in.Org)
			return &struct{ Body InboxCount }{InboxCount{c.Todos, c.Urgent, c.Unread}}, err
		})
	api.Register(a, tag.Operation(http.MethodPost, "readInboxItem", "/inbox/{id}/read", "Mark one as read"),
		func(ctx context.Context, in *api.ByID) (*struct{}, error) { return nil, s.MarkRead(ctx, in.ID) })
	type allInput struct {
		Body struct {
			Org *uuid.UUID `json:"org,omitempty" format:"uuid"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPost, "readInbox", "/inbox/read", "Mark all messages as read"),
		func(ctx context.Context, in *allInput) (*struct{ Body InboxMarked }, error) {
			n, err := s.MarkAllRead(ctx, api.OrNil(in.Body.Org))
			return &struct{ Body InboxMarked }{InboxMarked{n}}, err
		})
	api.Register(a, tag.Operation(http.MethodGet, "getInboxPreference", "/inbox/preference", "How you want to be told"),
		func(ctx context.Context, _ *struct{}) (*struct{ Body InboxPreference }, error) {
			p, err := s.Preference(ctx)
			return &struct{ Body InboxPreference }{preferenceView(p)}, err
		})
	type preferInput struct{ Body InboxPreference }
	api.Register(a, tag.Operation(http.MethodPut, "putInboxPreference", "/inbox/preference", "Say how you want to be told"),
		func(ctx context.Context, in *preferInput) (*struct{ Body InboxPreference }, error) {
			b := in.Body
			p, err := s.Prefer(ctx, Preference{Quiet: b.Quiet, QuietFrom: b.QuietFrom, QuietTo: b.QuietTo, Digest: b.Digest, DigestAt: b.DigestAt, Desk: b.Desk})
			return &struct{ Body InboxPreference }{preferenceView(p)}, err
		})
}
