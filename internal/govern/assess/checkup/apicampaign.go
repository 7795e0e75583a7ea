package checkup

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/assess"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// CheckupCampaignView is a campaign as it is told.
type CheckupCampaignView struct {
	ID         uuid.UUID  `json:"id" format:"uuid"`
	Org        uuid.UUID  `json:"org" format:"uuid"`
	Instrument string     `json:"instrument"`
	Title      text.Text  `json:"title" doc:"Of the instrument"`
	Family     string     `json:"family"`
	Name       text.Text  `json:"name"`
	Note       string     `json:"note,omitempty"`
	From       string     `json:"from" format:"date"`
	Until      string     `json:"until" format:"date" doc:"Its last day"`
	State      State      `json:"state" enum:"open,closed"`
	Plan       []int      `json:"plan,omitempty" doc:"Enterprises planned per level, from level 1"`
	At         time.Time  `json:"at"`
	Published  *time.Time `json:"published,omitempty"`
}

func (s *Service) campaignView(k *Campaign) CheckupCampaignView {
	v := CheckupCampaignView{ID: k.ID, Org: k.Org, Instrument: k.Instrument, Family: k.Family, Name: k.Name, Note: k.Note, From: k.Since, Until: k.Until, State: k.State, Plan: k.Plan,
		At: time.Unix(0, k.At).UTC(), Published: store.Instant(k.PublishedAt)}
	if x := s.set.Get(k.Instrument); x != nil {
		v.Title = x.Name
	}
	return v
}

// CalledView is an enterprise of a campaign. Level and points are there once it has submitted; its answers are not.
type CalledView struct {
	Org       uuid.UUID        `json:"org" format:"uuid"`
	Name      text.Text        `json:"name"`
	Code      string           `json:"code,omitempty"`
	Industry  string           `json:"industry,omitempty"`
	Size      string           `json:"size,omitempty"`
	Place     string           `json:"place,omitempty"`
	State     string           `json:"state" enum:"called,open,submitted"`
	Checkup   *uuid.UUID       `json:"checkup,omitempty" format:"uuid"`
	Reminded  *time.Time       `json:"reminded,omitempty"`
	Reminders int              `json:"reminders"`
	EndedAt   *time.Time       `json:"endedAt,omitempty"`
	Standing  *CheckupStanding `json:"standing,omitempty"`
}

// CheckupCampaignDetail is a campaign with everybody whom it calls.
type CheckupCampaignDetail struct {
	Campaign CheckupCampaignView `json:"campaign"`
	Firms    []CalledView        `json:"firms" nullable:"false"`
	Levels   []text.Text         `json:"levels" nullable:"false" doc:"Names, from having none"`
	Counts   []int               `json:"counts" nullable:"false" doc:"Submitted, by level from none"`
}

// CheckupCallView is a campaign that calls an enterprise.
type CheckupCallView struct {
	Campaign CheckupCampaignView `json:"campaign"`
	By       text.Text           `json:"by" doc:"Who calls"`
	Reminded *time.Time          `json:"reminded,omitempty"`
	Checkup  *CheckupView        `json:"checkup,omitempty" doc:"With which it is answered"`
}

func (s *Service) calledView(c *Called, x *assess.Instrument) CalledView {
	v := CalledView{Org: c.Firm.Org, Name: c.Firm.Name, Code: c.Firm.Code, Industry: c.Firm.Industry, Size: c.Firm.Size, Place: c.Firm.Place, State: "called", Reminded: store.Instant(c.RemindedAt), Reminders: c.Reminders}
	if c.Checkup == nil {
		return v
	}
	v.State, v.Checkup = string(c.Checkup.State), &c.Checkup.ID
	if c.Checkup.State == Submitted {
		k := c.Checkup
		v.EndedAt = store.Instant(k.EndedAt)
		v.Standing = &CheckupStanding{k.Level, x.LevelName(k.Level), k.Points, k.Proven, x.LevelName(k.Proven), k.ProvenAt}
	}
	return v
}

func (s *Service) campaignRoutes(a *api.Server) {
	type open struct {
		Body struct {
			Org        uuid.UUID `json:"org" format:"uuid"`
			Instrument string    `json:"instrument" maxLength:"100"`
			Name       text.Text `json:"name"`
			Note       string    `json:"note,omitempty" maxLength:"4000"`
			From       string    `json:"from,omitempty" format:"date" doc:"Today where it is left out"`
			Until      string    `json:"until" format:"date" doc:"Its last day"`
			Plan       []int     `json:"plan,omitempty" maxItems:"20" doc:"Enterprises planned per level, from level 1"`
			Firms      []string  `json:"firms" maxItems:"5000" doc:"Credit codes of those who are called"`
		}
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "openCampaign", "/checkup-campaigns", "Call enterprises to a check-up")),
		func(ctx context.Context, in *open) (*struct{ Body CheckupCampaignView }, error) {
			b := &in.Body
			k, err := s.OpenCampaign(ctx, NewCampaign{Org: b.Org, Instrument: b.Instrument, Name: b.Name, Note: b.Note, Since: b.From, Until: b.Until, Plan: b.Plan, Firms: b.Firms})
			if err != nil {
				return nil, err
			}
			return &struct{ Body CheckupCampaignView }{s.campaignView(&k)}, nil
		})
	type list struct {
		Org uuid.UUID `query:"org" format:"uuid"`
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listCampaigns", "/checkup-campaigns", "Campaigns of an organisation, the newest first"),
		func(ctx context.Context, in *list) (*api.List[CheckupCampaignView], error) {
			items, next, err := s.Campaigns(ctx, in.Org, in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(items, s.campaignView), next), nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "listCheckupCalls", "/orgs/{org}/checkup-calls", "Open campaigns that call an enterprise, what is due first first"),
		func(ctx context.Context, in *ByOrg) (*api.List[CheckupCallView], error) {
			items, err := s.CallsOf(ctx, in.Org)
			if err != nil {
				return nil, err
			}
			out := make([]CheckupCallView, len(items))
			for i := range items {
				k := &items[i]
				out[i] = CheckupCallView{Campaign: s.campaignView(&k.Campaign), By: k.By.Name, Reminded: store.Instant(k.RemindedAt)}
				if k.Checkup != nil {
					v, err := s.view(ctx, k.Checkup)
					if err != nil {
						return nil, err
					}
					out[i].Checkup = &v
				}
			}
			return api.Listed(out, ""), nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "getCampaign", "/checkup-campaigns/{id}", "A campaign with everybody whom it calls and how far they are"),
		func(ctx context.Context, in *api.ByID) (*struct{ Body CheckupCampaignDetail }, error) {
			k, firms, err := s.Campaign(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			out := CheckupCampaignDetail{Campaign: s.campaignView(&k), Firms: []CalledView{}, Levels: []text.Text{}, Counts: []int{}}
			x := s.set.Get(k.Instrument)
			if x == nil {
				return nil, ErrInstrument.At("path.id", k.Instrument).With("day", k.Until)
			}
			for l := range len(x.Levels) + 1 {
				out.Levels, out.Counts = append(out.Levels, x.LevelName(l)), append(out.Counts, 0)
			}
			for i := range firms {
				v := s.calledView(&firms[i], x)
				if v.Standing != nil {
					out.Counts[min(v.Standing.Level, len(x.Levels))]++
				}
				out.Firms = append(out.Firms, v)
			}
			return &struct{ Body CheckupCampaignDetail }{out}, nil
		})
	s.campaignActs(a)
}

func (s *Service) campaignActs(a *api.Server) {
	type firms struct {
		api.ByID
		Body struct {
			Firms []string `json:"firms" maxItems:"5000" doc:"Credit codes"`
		}
	}
	type counted struct {
		Body struct {
			Firms int `json:"firms"`
		}
	}
	count := func(n int, err error) (*counted, error) {
		if err != nil {
			return nil, err
		}
		out := &counted{}
		out.Body.Firms = n
		return out, nil
	}
	api.Register(a, tag.Operation(http.MethodPost, "callFirms", "/checkup-campaigns/{id}/firms", "Call further enterprises"),
		func(ctx context.Context, in *firms) (*counted, error) {
			return count(s.Call(ctx, in.ID, in.Body.Firms))
		})
	api.Register(a, tag.Operation(http.MethodPost, "remindFirms", "/checkup-campaigns/{id}/reminders", "Remind those who have not submitted, at most once in 20 hours"),
		func(ctx context.Context, in *api.ByID) (*counted, error) { return count(s.Remind(ctx, in.ID)) })
	api.Register(a, tag.Operation(http.MethodPost, "closeCampaign", "/checkup-campaigns/{id}/end", "Take no more check-ups for a campaign"),
		func(ctx context.Context, in *api.ByID) (*struct{}, error) { return nil, s.CloseCampaign(ctx, in.ID) })
	type results struct {
		api.ByID
		By []string `query:"by,explode" maxItems:"3" doc:"industry, size, place"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "getCampaignResults", "/checkup-campaigns/{id}/results", "Results by area, size and trade, as they may be published, beside those of the campaign before"),
		func(ctx context.Context, in *results) (*struct{ Body *Published }, error) {
			p, err := s.Results(ctx, in.ID, in.By)
			return &struct{ Body *Published }{p}, err
		})
	type publish struct {
		api.ByID
		Body struct {
			By []string `json:"by" maxItems:"3" nullable:"false"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPost, "publishCampaign", "/checkup-campaigns/{id}/publication", "Publish the results of a campaign, once; it is closed by that"),
		func(ctx context.Context, in *publish) (*struct{ Body *Published }, error) {
			p, err := s.Publish(ctx, in.ID, in.Body.By)
			return &struct{ Body *Published }{p}, err
		})
	api.Register(a, api.Public(tag.Operation(http.MethodGet, "listPublishedCampaigns", "/public/checkup-campaigns", "Published results of campaigns, for anybody")),
		func(ctx context.Context, in *api.Paging) (*api.List[*Published], error) {
			items, next, err := s.PublishedCampaigns(ctx, in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(items, func(k *Campaign) *Published { return k.Published }), next), nil
		})
}
