package match

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
)

// EventView is an event.
type EventView struct {
	ID        uuid.UUID  `json:"id" format:"uuid"`
	State     EventState `json:"state" enum:"open,paired,held,cancelled"`
	StateName text.Text  `json:"stateName"`
	Programme Programme  `json:"programme"`
	Revision  int64      `json:"revision"`
	At        time.Time  `json:"at"`
}

func eventView(e *Event) EventView {
	return EventView{e.ID, e.State, eventNames[e.State], e.Programme, e.Revision, time.Unix(0, e.At).UTC()}
}

// GuestView is somebody who has signed up.
type GuestView struct {
	ID     uuid.UUID   `json:"id" format:"uuid"`
	Mine   bool        `json:"mine"`
	Side   PartySide   `json:"side" enum:"firm,provider"`
	Name   text.Text   `json:"name"`
	Need   string      `json:"need,omitempty"`
	Supply string      `json:"supply,omitempty"`
	Title  string      `json:"title" doc:"Of the need or the supply"`
	Wishes []uuid.UUID `json:"wishes,omitempty" doc:"Your own"`
}

// EventInvitationView is somebody whom an event is for.
type EventInvitationView struct {
	Side  PartySide `json:"side" enum:"firm,provider"`
	Org   uuid.UUID `json:"org" format:"uuid"`
	Name  text.Text `json:"name"`
	Title string    `json:"title"`
	ID    uuid.UUID `json:"id" format:"uuid"`
}

// MeetingView is a line of the table.
type MeetingView struct {
	Round    int64     `json:"round"`
	Table    int64     `json:"table"`
	Firm     uuid.UUID `json:"firm" format:"uuid" doc:"The guest"`
	Provider uuid.UUID `json:"provider" format:"uuid"`
	Need     string    `json:"need"`
	Supply   string    `json:"supply"`
	FirmName text.Text `json:"firmName"`
	Name     text.Text `json:"providerName"`
	Score    int64     `json:"score"`
	Mutual   int64     `json:"mutual" doc:"The rank of each for the other, summed"`
	Outcome  string    `json:"outcome,omitempty" enum:",absent,no-interest,follow-up"`
	Words    string    `json:"words,omitempty"`
}

// SeatRequest takes a seat.
type SeatRequest struct {
	As     uuid.UUID  `json:"as" format:"uuid"`
	Need   *uuid.UUID `json:"need,omitempty" format:"uuid" doc:"A firm's"`
	Supply *uuid.UUID `json:"supply,omitempty" format:"uuid" doc:"A provider's"`
}

// OutcomeRequest notes what a meeting came to.
type OutcomeRequest struct {
	Round   int64  `json:"round"`
	Table   int64  `json:"table"`
	Outcome string `json:"outcome" doc:"absent, no-interest, follow-up"`
	Words   string `json:"words,omitempty" maxLength:"2000"`
}

func (s *Service) eventRoutes(a *api.Server) {
	type one struct{ Body EventView }
	answer := func(e Event, err error) (*one, error) {
		if err != nil {
			return nil, err
		}
		return &one{eventView(&e)}, nil
	}
	type add struct{ Body Programme }
	api.Register(a, api.Created(s.op(http.MethodPost, "addMatchEvent", "/events", "Announce an event at which firms and providers meet, by an officer")), func(ctx context.Context, in *add) (*one, error) {
		return answer(s.AddEvent(ctx, in.Body))
	})
	api.Register(a, s.op(http.MethodGet, "listMatchEvents", "/events", "Events, the newest first"), func(ctx context.Context, in *api.Paging) (*api.List[EventView], error) {
		items, next, err := s.Events(ctx, in.Page())
		if err != nil {
			return nil, err
		}
		return api.Listed(store.All(items, eventView), next), nil
	})
	api.Register(a, s.op(http.MethodGet, "getMatchEvent", "/events/{id}", "One event"), func(ctx context.Context, in *api.ByID) (*one, error) {
		return answer(s.GetEvent(ctx, in.ID))
	})
	api.Register(a, s.op(http.MethodGet, "inviteToMatchEvent", "/events/{id}/invitations", "Whom an event is for, out of both libraries, for officers"), func(ctx context.Context, in *api.ByID) (*api.List[EventInvitationView], error) {
		items, err := s.Invitations(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return api.Listed(store.All(items, func(i *Invitation) EventInvitationView { return EventInvitationView(*i) }), ""), nil
	})
	type signUp struct {
		api.ByID
		Body SeatRequest
	}
	type invited struct {
		Invited int `json:"invited" doc:"How many were invited now; who was before is not again"`
	}
	api.Register(a, s.op(http.MethodPost, "sendMatchEventInvitations", "/events/{id}/invitations", "Tell those whom an event is for, by an officer"), func(ctx context.Context, in *api.ByID) (*struct{ Body invited }, error) {
		n, err := s.Invite(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &struct{ Body invited }{invited{n}}, nil
	})
	type made struct {
		ID uuid.UUID `json:"id" format:"uuid"`
	}
	api.Register(a, api.Created(s.op(http.MethodPost, "signUpForMatchEvent", "/events/{id}/guests", "Take a seat, with a need or a supply")), func(ctx context.Context, in *signUp) (*struct{ Body made }, error) {
		id, err := s.SignUpFor(ctx, in.ID, SignUp{As: in.Body.As, Need: api.OrNil(in.Body.Need), Supply: api.OrNil(in.Body.Supply)})
		if err != nil {
			return nil, err
		}
		return &struct{ Body made }{made{id}}, nil
	})
	type guests struct {
		api.ByID
		Org uuid.UUID `query:"org" format:"uuid" doc:"Whose seat is yours, where you act for several"`
	}
	api.Register(a, s.op(http.MethodGet, "listMatchEventGuests", "/events/{id}/guests", "Who has signed up, for officers and for those who have"), func(ctx context.Context, in *guests) (*api.List[GuestView], error) {
		rows, err := s.Guests(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		out, err := s.guestViews(ctx, rows, in.Org)
		return api.Listed(out, ""), err
	})
	type wish struct {
		api.ByID
		Body struct {
			Wishes []uuid.UUID `json:"wishes" nullable:"false" maxItems:"50"`
		}
	}
	api.Register(a, s.op(http.MethodPut, "wishAtMatchEvent", "/event-guests/{id}/wishes", "Whom you wish to meet, the dearest first"), func(ctx context.Context, in *wish) (*struct{}, error) {
		return nil, s.Wish(ctx, in.ID, in.Body.Wishes)
	})
	api.Register(a, s.op(http.MethodDelete, "leaveMatchEvent", "/event-guests/{id}", "Give a seat back"), func(ctx context.Context, in *api.ByID) (*struct{}, error) {
		return nil, s.Cancel(ctx, in.ID)
	})
	api.Register(a, s.op(http.MethodPost, "pairMatchEvent", "/events/{id}/table", "Make the table and close the sign-up, by an officer"), func(ctx context.Context, in *api.ByID) (*api.List[MeetingView], error) {
		if _, err := s.Pair(ctx, in.ID); err != nil {
			return nil, err
		}
		return s.tableView(ctx, in.ID)
	})
	api.Register(a, s.op(http.MethodGet, "getMatchEventTable", "/events/{id}/table", "Who meets whom: officers see all, guests their own meetings"), func(ctx context.Context, in *api.ByID) (*api.List[MeetingView], error) {
		return s.tableView(ctx, in.ID)
	})
	type export struct {
		api.ByID
		MatchLanguage
		Format string `query:"format" enum:"xlsx,csv" default:"xlsx"`
	}
	api.Register(a, binary(s.op(http.MethodGet, "exportMatchEventTable", "/events/{id}/table-file", "The table as a file")), func(ctx context.Context, in *export) (*fileOutput, error) {
		data, err := s.TableFile(ctx, in.ID, table.Format(in.Format), in.lang())
		return fileOf("pairing-table", table.Format(in.Format), data, err)
	})
	type outcome struct {
		api.ByID
		Body OutcomeRequest
	}
	api.Register(a, s.op(http.MethodPost, "noteMatchEventOutcome", "/events/{id}/outcomes", "What a meeting came to, noted by an officer"), func(ctx context.Context, in *outcome) (*struct{}, error) {
		b := &in.Body
		return nil, s.Outcome(ctx, in.ID, b.Round, b.Table, b.Outcome, b.Words)
	})
	type end struct {
		api.ByID
		Body struct {
			State string `json:"state" enum:"held,cancelled"`
		}
	}
	api.Register(a, s.op(http.MethodPost, "endMatchEvent", "/events/{id}/end", "Say that an event was held, or cancel it"), func(ctx context.Context, in *end) (*one, error) {
		return answer(s.EndEvent(ctx, in.ID, EventState(in.Body.State)))
	})
}

func (s *Service) guestViews(ctx context.Context, rows []guestRow, org uuid.UUID) ([]GuestView, error) {
	read, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return nil, err
	}
	out := make([]GuestView, len(rows))
	for i, r := range rows {
		v := GuestView{ID: r.ID, Mine: read.Includes(r.Org) && (org == uuid.Nil || org == r.Org), Side: PartySide(r.Side), Name: r.Name, Need: r.Need, Supply: r.Supply}
		if v.Mine {
			if err := json.Unmarshal([]byte(r.Wishes), &v.Wishes); err != nil {
				return nil, err
			}
		}
		if r.Need != "" {
			n, err := needOf(ctx, s.o.DB, auth.System(r.Org), store.ID(r.Need))
			if err != nil {
				return nil, err
			}
			v.Title = n.Brief.Title
		} else if x := s.engine.Get(store.ID(r.Supply)); x != nil {
			v.Title = x.Title
		}
		out[i] = v
	}
	return out, nil
}

func (s *Service) tableView(ctx context.Context, id uuid.UUID) (*api.List[MeetingView], error) {
	rows, guests, err := s.Table(ctx, id)
	if err != nil {
		return nil, err
	}
	by := map[uuid.UUID]guestRow{}
	for _, g := range guests {
		by[g.ID] = g
	}
	return api.Listed(store.All(rows, func(m *meetingRow) MeetingView {
		f, p := by[m.Firm], by[m.Provider]
		return MeetingView{m.Round, m.Seat, m.Firm, m.Provider, f.Need, p.Supply, f.Name, p.Name, m.Score, m.Mutual, m.Outcome, m.Words}
	}), ""), nil
}
