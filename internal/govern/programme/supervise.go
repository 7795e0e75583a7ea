package programme

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// CallProject is an application with all that follows from it.
type CallProject struct {
	Case       uuid.UUID       `json:"case" format:"uuid"`
	Org        uuid.UUID       `json:"org" format:"uuid" doc:"Who keeps it"`
	Subject    uuid.UUID       `json:"subject" format:"uuid" doc:"Who applied"`
	Round      CallRound       `json:"round"`
	Name       text.Text       `json:"name" doc:"Of the applicant"`
	Title      string          `json:"title"`
	State      string          `json:"state"`
	StateName  text.Text       `json:"stateName"`
	Filed      *time.Time      `json:"filed,omitempty"`
	Receipt    string          `json:"receipt,omitempty"`
	Award      *AwardView      `json:"award,omitempty"`
	Milestones []MilestoneView `json:"milestones" nullable:"false"`
	Indicators []IndicatorView `json:"indicators" nullable:"false"`
	Payments   []PaymentView   `json:"payments" nullable:"false"`
	Events     []ProjectEvent  `json:"events" nullable:"false" doc:"The time line, the oldest first"`
	Warnings   []text.Text     `json:"warnings" nullable:"false"`
	Clawback   []Clawback      `json:"clawback" nullable:"false"`
	Recheck    *RecheckView    `json:"recheck,omitempty"`
	Keeps      bool            `json:"keeps" doc:"The caller is of the organisation that keeps it"`
	Applies    bool            `json:"applies" doc:"The caller acts for the applicant"`
}

// RecheckView is the check-up that is asked for after acceptance.
type RecheckView struct {
	Instrument string `json:"instrument"`
	Due        string `json:"due" format:"date"`
}

// MilestoneView is a milestone with what is known of it.
type MilestoneView struct {
	Milestone
	Due     string `json:"due,omitempty" format:"date" doc:"Once it was awarded"`
	State   string `json:"state" enum:"planned,open,handed-in,reached,refused,overdue"`
	Warning bool   `json:"warning,omitempty" doc:"Its day is near or over"`
}

// CallProject returns one, for its applicant and for who keeps it. Error: store.ErrNotFound.
func (s *Service) Project(ctx context.Context, id uuid.UUID) (CallProject, error) {
	f, r, c, owner, err := s.project(ctx, id, auth.Read)
	if err != nil {
		return CallProject{}, err
	}
	v := CallProject{Case: id, Org: f.Org, Subject: f.Subject, Title: f.Title, State: f.State, StateName: stateName(f.State), Filed: store.Instant(f.Filed), Receipt: f.Receipt, Milestones: []MilestoneView{}, Indicators: []IndicatorView{},
		Payments: []PaymentView{}, Events: []ProjectEvent{}, Warnings: []text.Text{}, Clawback: append([]Clawback{}, c.Clawback...)}
	_, err = auth.Allow(ctx, auth.Operate, f.Subject)
	v.Applies = err == nil
	_, err = auth.Allow(ctx, auth.Operate, f.Org)
	v.Keeps = err == nil
	if v.Round, err = s.roundView(ctx, r, c); err != nil {
		return v, err
	}
	if v.Name, err = s.o.Parties.Name(ctx, f.Subject); err != nil {
		return v, err
	}
	if v.Award, err = s.awardView(ctx, c, id); err != nil {
		return v, err
	}
	var events []eventRow
	if err := s.o.DB.NewSelect().Model(&events).Where("e.case_id = ?", id.String()).OrderExpr("e.id").Limit(2000).Scan(ctx); err != nil {
		return v, wrap("time line", err)
	}
	for _, e := range events {
		if !owner && slices.Contains(private, e.Kind) {
			continue
		}
		by, err := decode[audit.Actor](e.Actor)
		if err != nil {
			return v, err
		}
		v.Events = append(v.Events, ProjectEvent{ID: e.ID, Kind: e.Kind, At: time.Unix(0, e.At).UTC(), By: by.Name, Body: json.RawMessage(e.Body)})
	}
	rows, err := s.payments(ctx, s.o.DB, id)
	if err != nil {
		return v, err
	}
	c.sortPayments(rows)
	for i := range rows {
		p, err := s.paymentView(ctx, &rows[i], f, c)
		if err != nil {
			return v, err
		}
		v.Payments = append(v.Payments, p)
		if p.Overdue {
			v.Warnings = append(v.Warnings, text.Text{Zh: "应收回的资金已逾期（" + p.Due + "）", En: "money to be paid back is overdue (" + p.Due + ")"})
		}
	}
	for i := range c.Indicators {
		x, err := s.indicatorView(ctx, &c.Indicators[i], f)
		if err != nil {
			return v, err
		}
		v.Indicators = append(v.Indicators, x)
	}
	s.supervise(&v, c, events)
	if c.Recheck != nil && f.State == Accepted {
		v.Recheck = &RecheckView{Instrument: c.Recheck.Instrument, Due: timeOf(f.At).AddDate(0, c.Recheck.Months, 0).Format("2006-01-02")}
	}
	return v, nil
}

// warnDays is how long before a milestone's day its warning begins.
const warnDays = 14

// supervise works out milestones and warnings from what happened.
func (s *Service) supervise(v *CallProject, c *Call, events []eventRow) {
	now := s.o.Now()
	today := field.DateOf(now.UnixNano())
	soon := field.DateOf(now.AddDate(0, 0, warnDays).UnixNano())
	running := v.State == Building || v.State == Accepting
	type said struct {
		Milestone string `json:"milestone"`
		Ok        bool   `json:"ok"`
		Due       string `json:"due"`
		Order     string `json:"order"`
	}
	states, answered := map[string]string{}, map[string]bool{}
	orders := map[string]string{}
	for _, e := range events {
		b, err := decode[said](e.Body)
		if err != nil {
			continue
		}
		switch e.Kind {
		case "evidence":
			states[b.Milestone] = "handed-in"
		case "judged":
			states[b.Milestone] = map[bool]string{true: "reached", false: "refused"}[b.Ok]
		case "order":
			orders[e.ID.String()] = b.Due
		case "answer":
			answered[b.Order] = true
		}
	}
	for _, m := range c.Milestones {
		x := MilestoneView{Milestone: m, State: "planned"}
		if v.Award != nil && v.Award.Granted != "" {
			day, _ := time.ParseInLocation("2006-01-02", v.Award.Granted, field.China)
			x.Due, x.State = day.AddDate(0, m.Months, 0).Format("2006-01-02"), "open"
		}
		if st := states[m.ID]; st != "" {
			x.State = st
		}
		if running && x.State != "reached" && x.State != "handed-in" && x.Due != "" && x.Due < today {
			x.State, x.Warning = "overdue", true
			v.Warnings = append(v.Warnings, text.Text{Zh: "里程碑“" + m.Name.Zh + "”已逾期（" + x.Due + "）", En: "milestone “" + m.Name.En + "” is overdue (" + x.Due + ")"})
		} else if running && (x.State == "open" || x.State == "refused") && x.Due != "" && x.Due <= soon {
			x.Warning = true
			v.Warnings = append(v.Warnings, text.Text{Zh: "里程碑“" + m.Name.Zh + "”将于 " + x.Due + " 到期", En: "milestone “" + m.Name.En + "” is due on " + x.Due})
		}
		v.Milestones = append(v.Milestones, x)
	}
	for _, e := range v.Events {
		due, is := orders[e.ID.String()]
		if is && running && !answered[e.ID.String()] && due < today {
			v.Warnings = append(v.Warnings, text.Text{Zh: "整改通知已逾期未回复（" + due + "）", En: "a corrective order is overdue (" + due + ")"})
		}
	}
}
