package checkup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
)

type campaignRow struct {
	bun.BaseModel `bun:"table:checkup_campaign,alias:k"`

	ID          uuid.UUID `bun:"id,pk"`
	Org         uuid.UUID
	Instrument  string
	Family      string
	Name        string
	Note        string
	Since       string
	Until       string
	State       string
	Plan        string
	Actor       string
	At          int64
	PublishedAt int64
	Report      string
}

type callRow struct {
	bun.BaseModel `bun:"table:checkup_call,alias:l"`

	Campaign   uuid.UUID `bun:"campaign,pk"`
	Firm       uuid.UUID `bun:"firm,pk"`
	CalledAt   int64
	RemindedAt int64
	Reminders  int64
}

type consentRow struct {
	bun.BaseModel `bun:"table:checkup_consent,alias:g"`

	Org   uuid.UUID `bun:"org,pk"`
	Actor string
	Since int64
}

func (k *Campaign) row() campaignRow {
	r := campaignRow{ID: k.ID, Org: k.Org, Instrument: k.Instrument, Family: k.Family, Name: encode(k.Name), Note: k.Note, Since: k.Since, Until: k.Until, State: string(k.State),
		Plan: encode(k.Plan), Actor: encode(k.By), At: k.At, PublishedAt: k.PublishedAt}
	if k.Published != nil {
		r.Report = encode(k.Published)
	}
	return r
}

func (r *campaignRow) campaign() (Campaign, error) {
	k := Campaign{ID: r.ID, Org: r.Org, Instrument: r.Instrument, Family: r.Family, Note: r.Note, Since: r.Since, Until: r.Until, State: State(r.State), At: r.At, PublishedAt: r.PublishedAt}
	err := errors.Join(json.Unmarshal([]byte(r.Name), &k.Name), json.Unmarshal([]byte(r.Plan), &k.Plan), json.Unmarshal([]byte(r.Actor), &k.By))
	if r.Report != "" {
		k.Published = &Published{}
		err = errors.Join(err, json.Unmarshal([]byte(r.Report), k.Published))
	}
	if err != nil {
		return k, fmt.Errorf("campaign %s: %w", r.ID, err)
	}
	return k, nil
}

func campaigns(rows []campaignRow) ([]Campaign, error) {
	out := make([]Campaign, len(rows))
	for i := range rows {
		var err error
		if out[i], err = rows[i].campaign(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func campaignByID(ctx context.Context, db bun.IDB, id uuid.UUID) (Campaign, error) {
	var r campaignRow
	if err := db.NewSelect().Model(&r).Where("k.id = ?", id).Scan(ctx); err != nil {
		return Campaign{}, wrap("campaign "+id.String(), err)
	}
	return r.campaign()
}

// figures are the columns that benchmarks need.
var figures = []string{"id", "org", "instrument", "family", "version", "hash", "day", "state", "profile", "quotes", "campaign", "begun_by", "begun_at", "edited_at", "ended_at",
	"level", "points", "proven_level", "proven_points", "industry", "size", "place"}

// submittedOf are the submitted check-ups of a campaign, the last one of each enterprise, without answers and results.
func submittedOf(ctx context.Context, db bun.IDB, campaign uuid.UUID) ([]Checkup, error) {
	var rows []row
	if err := db.NewSelect().Model(&rows).Column(figures...).Where("c.campaign = ? AND c.state = ?", campaign.String(), Submitted).Scan(ctx); err != nil {
		return nil, wrap("read the check-ups of a campaign", err)
	}
	list, err := checkups(rows)
	return newestOfEach(list), err
}

// agreeing are the submitted check-ups of a family, the last one of each enterprise that agrees to be counted at this moment.
func agreeing(ctx context.Context, db bun.IDB, family string) ([]Checkup, error) {
	var rows []row
	q := db.NewSelect().Model(&rows).Column(figures...).Where("c.family = ? AND c.state = ?", family, Submitted).
		Where("EXISTS (SELECT 1 FROM checkup_consent AS g WHERE g.org = c.org)")
	if err := q.Scan(ctx); err != nil {
		return nil, wrap("read check-ups that are counted", err)
	}
	list, err := checkups(rows)
	return newestOfEach(list), err
}

var newestCampaign = store.Keyset{Columns: []string{"k.id"}, Descending: true}
