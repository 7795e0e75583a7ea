package match

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

func signedIn(ctx context.Context) (auth.Principal, error) { return auth.Need(ctx) }

// ContactView is a contact as a side sees it, or an officer.
type ContactView struct {
	ID        uuid.UUID         `json:"id" format:"uuid"`
	Need      uuid.UUID         `json:"need" format:"uuid"`
	Supply    uuid.UUID         `json:"supply" format:"uuid"`
	Firm      uuid.UUID         `json:"firm" format:"uuid"`
	Provider  uuid.UUID         `json:"provider" format:"uuid"`
	Event     *uuid.UUID        `json:"event,omitempty" format:"uuid"`
	By        PartySide         `json:"by" enum:"firm,provider" doc:"Who asked"`
	Way       string            `json:"way"`
	State     ContactState      `json:"state"`
	StateName text.Text         `json:"stateName"`
	Content   Content           `json:"content"`
	Side      PartySide         `json:"side,omitempty" enum:",firm,provider" doc:"Yours; absent for officers"`
	Steps     []ContactStepName `json:"steps" nullable:"false" doc:"What your side can do now"`
	Rated     bool              `json:"rated" doc:"The firm has rated it"`
	Revision  int64             `json:"revision"`
	Created   time.Time         `json:"created"`
	At        time.Time         `json:"at"`
}

// ContactStepName is a step that can be done.
type ContactStepName struct {
	ID   string    `json:"id"`
	Name text.Text `json:"name"`
}

// contactView is a contact as org sees it; where none is named, as the caller's side of it, the firm's first.
func (s *Service) contactView(ctx context.Context, c *Contact, org uuid.UUID) (ContactView, error) {
	v := ContactView{ID: c.ID, Need: c.Need, Supply: c.Supply, Firm: c.Firm, Provider: c.Provider, By: c.By, Way: c.Way, State: c.State, StateName: contactNames[c.State], Content: c.Content,
		Steps: []ContactStepName{}, Revision: c.Revision, Created: time.Unix(0, c.Created).UTC(), At: time.Unix(0, c.At).UTC()}
	if c.Event != uuid.Nil {
		v.Event = &c.Event
	}
	read, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return v, err
	}
	if sides := c.sides(read); len(sides) > 0 {
		if v.Side = sides[0]; org == c.Provider && read.Includes(org) {
			v.Side = Provider
		}
		for _, id := range c.offered(v.Side) {
			v.Steps = append(v.Steps, ContactStepName{id, steps[id].name})
		}
	}
	if v.Side == Provider && c.By == Provider && (c.State == Requested || c.State == Declined) {
		v.Content.FirmName = text.Text{} // the firm has not said who it is
	}
	v.Rated, err = s.o.DB.NewSelect().Model((*ratingRow)(nil)).Where("r.contact = ?", c.ID).Exists(ctx)
	return v, wrap("look up a rating", err)
}

func (s *Service) contactViews(ctx context.Context, list []Contact, next string, org uuid.UUID) (*api.List[ContactView], error) {
	out := make([]ContactView, len(list))
	for i := range list {
		var err error
		if out[i], err = s.contactView(ctx, &list[i], org); err != nil {
			return nil, err
		}
	}
	return api.Listed(out, next), nil
}

// ContactRequest asks for a contact.
type ContactRequest struct {
	As     uuid.UUID  `json:"as" format:"uuid" doc:"Your organisation: the firm or the provider"`
	Need   uuid.UUID  `json:"need" format:"uuid"`
	Supply uuid.UUID  `json:"supply" format:"uuid"`
	Way    string     `json:"way,omitempty" doc:"purchase where it is left out"`
	Words  string     `json:"words" maxLength:"2000"`
	Event  *uuid.UUID `json:"event,omitempty" format:"uuid" doc:"Where you met"`
}

// ContactStepRequest takes a contact further.
type ContactStepRequest struct {
	As       uuid.UUID `json:"as" format:"uuid"`
	Step     string    `json:"step" doc:"accept, decline, meet, quote, propose, confirm, deliver, result, close, message"`
	Basis    int64     `json:"basis,omitempty" doc:"The revision that you saw; a message needs none"`
	Words    string    `json:"words,omitempty" maxLength:"2000"`
	Day      string    `json:"day,omitempty" doc:"Of a meeting"`
	Amount   *int64    `json:"amount,omitempty" doc:"Of a quotation, in fen"`
	Contract *Contract `json:"contract,omitempty"`
	Result   *Result   `json:"result,omitempty"`
}

// ContactStepView is something that was done or said.
type ContactStepView struct {
	ID    uuid.UUID       `json:"id" format:"uuid"`
	Side  PartySide       `json:"side" enum:"firm,provider"`
	Kind  string          `json:"kind" doc:"A step, request or message"`
	Name  text.Text       `json:"name"`
	Words string          `json:"words"`
	Data  json.RawMessage `json:"data,omitempty"`
	By    audit.Actor     `json:"by"`
	At    time.Time       `json:"at"`
}

func stepView(r *stepRow) ContactStepView {
	v := ContactStepView{ID: r.ID, Side: PartySide(r.Side), Kind: r.Kind, Words: r.Words, Data: json.RawMessage(r.Data), At: time.Unix(0, r.At).UTC()}
	_ = json.Unmarshal([]byte(r.Actor), &v.By) // it was written here
	switch r.Kind {
	case "request":
		v.Name = text.Text{Zh: "发起联系", En: "ask for a contact"}
	case "message":
		v.Name = text.Text{Zh: "留言", En: "message"}
	default:
		v.Name = steps[r.Kind].name
	}
	return v
}

func (s *Service) contactRoutes(a *api.Server) {
	type one struct{ Body ContactView }
	answer := func(ctx context.Context, c Contact, org uuid.UUID, err error) (*one, error) {
		if err != nil {
			return nil, err
		}
		v, err := s.contactView(ctx, &c, org)
		return &one{v}, err
	}
	type ask struct{ Body ContactRequest }
	api.Register(a, api.Created(s.op(http.MethodPost, "askForContact", "/contacts", "Ask the other side for a contact")), func(ctx context.Context, in *ask) (*one, error) {
		b := &in.Body
		c, err := s.Contact(ctx, Ask{As: b.As, Need: b.Need, Supply: b.Supply, Way: b.Way, Words: b.Words, Event: api.OrNil(b.Event)})
		return answer(ctx, c, b.As, err)
	})
	type list struct {
		Org  uuid.UUID `query:"org" format:"uuid"`
		Need uuid.UUID `query:"need" format:"uuid"`
		All  bool      `query:"all" doc:"For officers: those of all, but of private needs"`
		api.Paging
	}
	api.Register(a, s.op(http.MethodGet, "listContacts", "/contacts", "Contacts of your organisations, the newest first"), func(ctx context.Context, in *list) (*api.List[ContactView], error) {
		var items []Contact
		var next string
		var err error
		if in.All {
			items, next, err = s.AllContacts(ctx, in.Page())
		} else {
			items, next, err = s.ListContacts(ctx, in.Org, in.Need, in.Page())
		}
		if err != nil {
			return nil, err
		}
		return s.contactViews(ctx, items, next, in.Org)
	})
	type get struct {
		api.ByID
		Org uuid.UUID `query:"org" format:"uuid" doc:"The side from which you look, where you act for both"`
	}
	api.Register(a, s.op(http.MethodGet, "getContact", "/contacts/{id}", "One contact"), func(ctx context.Context, in *get) (*one, error) {
		c, err := s.GetContact(ctx, in.ID)
		return answer(ctx, c, in.Org, err)
	})
	type do struct {
		api.ByID
		Body ContactStepRequest
	}
	api.Register(a, api.Created(s.op(http.MethodPost, "stepContact", "/contacts/{id}/steps", "Take a contact further, or say something")), func(ctx context.Context, in *do) (*one, error) {
		b := &in.Body
		c, err := s.Step(ctx, in.ID, Do{As: b.As, Step: b.Step, Basis: b.Basis, Words: b.Words, Day: b.Day, Amount: b.Amount, Contract: b.Contract, Result: b.Result})
		return answer(ctx, c, b.As, err)
	})
	type past struct {
		api.ByID
		api.Paging
	}
	api.Register(a, s.op(http.MethodGet, "listContactSteps", "/contacts/{id}/steps", "What was done and said, in order"), func(ctx context.Context, in *past) (*api.List[ContactStepView], error) {
		items, next, err := s.Steps(ctx, in.ID, in.Page())
		if err != nil {
			return nil, err
		}
		return api.Listed(store.All(items, stepView), next), nil
	})
}

// RatingView is a rating of a provider.
type RatingView struct {
	ID       uuid.UUID     `json:"id" format:"uuid"`
	Contact  uuid.UUID     `json:"contact" format:"uuid"`
	Provider uuid.UUID     `json:"provider" format:"uuid"`
	State    RatingState   `json:"state" enum:"counts,appealed,upheld,struck"`
	Score    int64         `json:"score" doc:"0 to 100"`
	Content  RatingContent `json:"content"`
	At       time.Time     `json:"at"`
}

func ratingView(r *Rating) RatingView {
	return RatingView{r.ID, r.Contact, r.Provider, r.State, r.Score, r.Content, time.Unix(0, r.At).UTC()}
}

// RatingRequest rates the provider of a contact.
type RatingRequest struct {
	Aspects Aspects `json:"aspects"`
	Words   string  `json:"words,omitempty" maxLength:"2000"`
}

// ProviderCheckRequest is a third party's check of a provider.
type ProviderCheckRequest struct {
	Provider uuid.UUID `json:"provider" format:"uuid"`
	Party    string    `json:"party" maxLength:"200" doc:"Who checked"`
	Report   string    `json:"report" maxLength:"200" doc:"Its number"`
	Day      string    `json:"day" format:"date"`
	Score    int64     `json:"score"`
}

func (s *Service) ratingRoutes(a *api.Server) {
	type one struct{ Body RatingView }
	answer := func(r Rating, err error) (*one, error) {
		if err != nil {
			return nil, err
		}
		return &one{ratingView(&r)}, nil
	}
	type rate struct {
		api.ByID
		Body RatingRequest
	}
	api.Register(a, api.Created(s.op(http.MethodPost, "rateContact", "/contacts/{id}/rating", "Rate the provider, once for each contract")), func(ctx context.Context, in *rate) (*one, error) {
		return answer(s.RateContact(ctx, in.ID, in.Body.Aspects, in.Body.Words))
	})
	type appeal struct {
		api.ByID
		Body struct {
			Words string `json:"words" maxLength:"2000"`
		}
	}
	api.Register(a, s.op(http.MethodPost, "appealRating", "/ratings/{id}/appeal", "The provider's word against a rating"), func(ctx context.Context, in *appeal) (*one, error) {
		return answer(s.Appeal(ctx, in.ID, in.Body.Words))
	})
	type decide struct {
		api.ByID
		Body struct {
			Strike bool   `json:"strike"`
			Words  string `json:"words" maxLength:"2000"`
		}
	}
	api.Register(a, s.op(http.MethodPost, "decideRating", "/ratings/{id}/decision", "Decide an appeal, by an officer"), func(ctx context.Context, in *decide) (*one, error) {
		return answer(s.Decide(ctx, in.ID, in.Body.Strike, in.Body.Words))
	})
	type byProvider struct {
		Provider uuid.UUID `path:"provider" format:"uuid"`
		api.Paging
	}
	api.Register(a, s.op(http.MethodGet, "listRatings", "/providers/{provider}/ratings", "Ratings of a provider, for its people and officers"), func(ctx context.Context, in *byProvider) (*api.List[RatingView], error) {
		items, next, err := s.Ratings(ctx, in.Provider, in.Page())
		if err != nil {
			return nil, err
		}
		return api.Listed(store.All(items, ratingView), next), nil
	})
	type provider struct {
		Provider uuid.UUID `path:"provider" format:"uuid"`
	}
	api.Register(a, s.op(http.MethodGet, "getProviderRating", "/providers/{provider}/rating", "A provider's rating and what it is made of; without a contract there is none"), func(ctx context.Context, in *provider) (*struct{ Body Rated }, error) {
		r, err := s.RatingOf(ctx, in.Provider)
		if err != nil {
			return nil, err
		}
		return &struct{ Body Rated }{r}, nil
	})
	type check struct{ Body ProviderCheckRequest }
	api.Register(a, api.Created(s.op(http.MethodPost, "addProviderCheck", "/checks", "Enter a third party's check of a provider, by an officer")), func(ctx context.Context, in *check) (*struct{}, error) {
		b := &in.Body
		return nil, s.AddCheck(ctx, ThirdParty{Provider: b.Provider, Party: b.Party, Report: b.Report, Day: b.Day, Score: b.Score})
	})
}
