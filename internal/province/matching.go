package province

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// wants files the needs of firms.
func (f *filler) wants(ctx context.Context) error {
	for _, n := range f.p.Affairs.Needs {
		rep, firm := f.as(firmLogin(n.Firm)), f.orgs[n.Firm]
		type view struct {
			ID    uuid.UUID `json:"id"`
			Title string    `json:"title"`
		}
		there, err := All[view](ctx, rep.get, "/matching/needs?org="+firm.String())
		if err != nil {
			return err
		}
		v := find(there, func(v *view) bool { return v.Title == n.Title })
		if v == nil {
			v = &view{}
			if err := rep.post(ctx, "/matching/needs", object{"org": firm, "kind": n.Kind, "title": n.Title, "words": n.Words, "budgetTo": fen(n.To), "deadline": f.on(n.Closes), "visibility": "public"}, v); err != nil {
				return fmt.Errorf("%s: %w", n.Key, err)
			}
		}
		f.needs[n.Key] = v.ID
	}
	return nil
}

type contact struct {
	ID       uuid.UUID `json:"id"`
	Supply   uuid.UUID `json:"supply"`
	State    string    `json:"state"`
	Revision int64     `json:"revision"`
	Rated    bool      `json:"rated"`
}

// contacts lets firms and providers talk, as far as each contact is to come.
func (f *filler) contacts(ctx context.Context) error {
	for i := range f.p.Affairs.Contacts {
		if err := f.contact(ctx, &f.p.Affairs.Contacts[i]); err != nil {
			return fmt.Errorf("%s: %w", f.p.Affairs.Contacts[i].Need, err)
		}
	}
	return nil
}

func (f *filler) contact(ctx context.Context, x *Contact) error {
	need := find(f.p.Affairs.Needs, func(n *Need) bool { return n.Key == x.Need })
	firm, provider := f.orgs[need.Firm], f.orgs[f.seller[x.Supply]]
	rep, seller := f.as(firmLogin(need.Firm)), f.as(providerLogin(f.seller[x.Supply]))
	there, err := All[contact](ctx, rep.get, "/matching/contacts?org="+firm.String()+"&need="+f.needs[x.Need].String())
	if err != nil {
		return err
	}
	c := find(there, func(c *contact) bool { return c.Supply == f.supply[x.Supply] })
	if c == nil {
		c = &contact{}
		if err := rep.post(ctx, "/matching/contacts", object{"as": firm, "need": f.needs[x.Need], "supply": f.supply[x.Supply], "words": x.Words}, c); err != nil {
			return err
		}
	}
	for steps := 0; c.State != x.To && steps < 10; steps++ {
		body, byFirm := f.step(x, c.State)
		if body == nil {
			return nil // its people have taken it elsewhere since
		}
		who := seller
		if body["as"], body["basis"] = provider, c.Revision; byFirm {
			who, body["as"] = rep, firm
		}
		if err := who.post(ctx, "/matching/contacts/"+c.ID.String()+"/steps", body, c); err != nil {
			return err
		}
	}
	if c.State != "done" || len(x.Stars) != 4 || c.Rated {
		return nil
	}
	return rep.post(ctx, "/matching/contacts/"+c.ID.String()+"/rating", object{"aspects": object{"quality": x.Stars[0], "delivery": x.Stars[1], "service": x.Stars[2], "price": x.Stars[3]}, "words": x.Rated}, nil)
}

// step is what is done next with a contact in a state, and whether the firm does it.
func (f *filler) step(x *Contact, state string) (body object, byFirm bool) {
	switch {
	case state == "requested" && x.To == "declined":
		return object{"step": "decline", "words": x.Because}, false
	case state == "requested":
		return object{"step": "accept"}, false
	case state == "talking" && x.Met != nil:
		return object{"step": "meet", "day": f.on(*x.Met)}, true
	case (state == "talking" || state == "met") && x.Quote > 0:
		return object{"step": "quote", "amount": fen(x.Quote)}, false
	case state == "quoted" && x.Contract != nil:
		return object{"step": "propose", "contract": object{"number": x.Contract.Number, "signed": f.on(x.Contract.Signed), "due": f.on(x.Contract.Due), "amount": fen(x.Quote), "subject": x.Contract.Subject}}, true
	case state == "proposed":
		return object{"step": "confirm"}, false
	case state == "contracted":
		return object{"step": "deliver"}, false
	case state == "delivered":
		return object{"step": "result", "result": object{"words": x.Result, "delivered": f.on(x.Delivered), "saving": fen(x.Saving)}}, true
	}
	return nil, false
}

// event opens the event, to which firms and providers sign up.
func (f *filler) event(ctx context.Context) error {
	x := &f.p.Affairs.Event
	type view struct {
		ID        uuid.UUID `json:"id"`
		Programme struct {
			Title string `json:"title"`
		} `json:"programme"`
	}
	there, err := All[view](ctx, f.as(decides).get, "/matching/events")
	if err != nil {
		return err
	}
	v := find(there, func(v *view) bool { return v.Programme.Title == x.Title })
	if v == nil {
		v = &view{}
		body := object{"title": x.Title, "place": x.Place, "words": x.Words, "day": f.on(x.Day), "tables": x.Tables, "rounds": x.Rounds, "seats": x.Seats, "kinds": x.Kinds, "trades": []string{}}
		if err := f.as(decides).post(ctx, "/matching/events", body, v); err != nil {
			return err
		}
	}
	at := "/matching/events/" + v.ID.String() + "/guests"
	come := func(who *actor, as uuid.UUID, key string, thing uuid.UUID) error {
		guests, err := All[map[string]any](ctx, who.get, at+"?org="+as.String())
		if err != nil {
			return err
		}
		if find(guests, func(g *map[string]any) bool { return (*g)[key] == thing.String() }) != nil {
			return nil
		}
		return who.post(ctx, at, object{"as": as, key: thing}, nil)
	}
	for _, key := range x.Needs {
		firm := find(f.p.Affairs.Needs, func(n *Need) bool { return n.Key == key }).Firm
		if err := come(f.as(firmLogin(firm)), f.orgs[firm], "need", f.needs[key]); err != nil {
			return err
		}
	}
	for _, title := range x.Supplies {
		if err := come(f.as(providerLogin(f.seller[title])), f.orgs[f.seller[title]], "supply", f.supply[title]); err != nil {
			return err
		}
	}
	return nil
}
