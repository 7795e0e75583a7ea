package main

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/register"
)

// enterpriseRegister is the register in which the organisation that runs the node keeps the enterprises that have joined.
const enterpriseRegister = "enterprises"

// enterprise is what that register says of an organisation.
type enterprise struct {
	Org        uuid.UUID
	Entry      uuid.UUID // in the register
	Name       text.Text
	CreditCode string
	Industry   string // GB/T 4754, such as C36 or 3670; "" where it is not known
	Region     string // GB/T 2260, six digits; "" where it is not known
	Cluster    string
	Size       string // large, medium, small, micro, unknown, not-classed
	Employees  *int64
	Revenue    *int64   // fen
	Assets     *int64   // fen
	Tags       []string // those that hold on the day: key, backbone, chain-leader, specialised, pilot, …
}

// enterprises tells the rooms who an organisation is, from the one register that the node's own organisation keeps: what another
// organisation writes into a register of its own counts for nobody else.
type enterprises struct {
	orgs      *org.Service
	registers *register.Service
}

// Of returns what is known of an organisation on a civil day; false where it is not an enterprise of the register.
func (e enterprises) Of(ctx context.Context, id uuid.UUID, day string) (enterprise, bool, error) {
	home, ok, err := e.orgs.Home(ctx)
	if err != nil || !ok {
		return enterprise{}, false, err
	}
	o, err := e.orgs.Get(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && o.CreditCode == "" {
		return enterprise{}, false, nil
	}
	if err != nil {
		return enterprise{}, false, err
	}
	entry, err := e.registers.FindFor(ctx, auth.System(home.ID), home.ID, enterpriseRegister, o.CreditCode)
	if errors.Is(err, store.ErrNotFound) {
		return enterprise{}, false, nil
	}
	if err != nil {
		return enterprise{}, false, err
	}
	r := entry.Record
	return enterprise{
		Org: id, Entry: entry.ID, Name: o.Name, CreditCode: o.CreditCode,
		Industry: word(r, "industry"), Region: word(r, "region"), Cluster: word(r, "cluster"), Size: word(r, "sizeClass"),
		Employees: whole(r, "employees"), Revenue: whole(r, "revenue"), Assets: whole(r, "assets"), Tags: tagsOn(r, day),
	}, true, nil
}

func word(r field.Record, key string) string { s, _ := r[key].(string); return s }

func whole(r field.Record, key string) *int64 {
	if n, ok := r[key].(int64); ok {
		return &n
	}
	return nil
}

// tagsOn are the tags that hold on a day, its last day included, ascending and each once.
func tagsOn(r field.Record, day string) (out []string) {
	list, _ := r["tags"].([]field.Record)
	for _, t := range list {
		from, to := word(t, "from"), word(t, "to")
		if (from == "" || from <= day) && (to == "" || day <= to) {
			out = append(out, word(t, "tag"))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// placeOn is where an enterprise was on a day, and in which cluster: what holds by dates, or else what holds now.
func placeOn(r field.Record, day string) (region, cluster string) {
	list, _ := r["places"].([]field.Record)
	for _, p := range list {
		from, to := word(p, "from"), word(p, "to")
		if (from == "" || from <= day) && (to == "" || day <= to) {
			return word(p, "region"), word(p, "cluster")
		}
	}
	return word(r, "region"), word(r, "cluster")
}
