package main

import (
	"context"

	"jingwei/internal/identify/twin"
	"jingwei/internal/kernel/api/account"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant/class"
)

// openTwins opens what keeps Asset Administration Shells. It needs the plant, samples, objects and the groups of the evidence log.
func (n *node) openTwins(ctx context.Context) error {
	packs, err := class.Load(n.packs, "equipment")
	if err != nil {
		return err
	}
	classes := class.All(packs)
	n.twins, err = twin.New(ctx, twin.Options{
		DB: n.db, Plant: n.plant, Readings: n.telemetry, Files: n.blobs, Book: n.groups, Now: n.now, Logger: n.log,
		Class: func(id string) text.Text { return classes[id].Name },
	})
	return err
}

// passportGrants are the tiers of product passports that organisations grant.
func passportGrants() account.Grantable {
	return account.Grantable{Kind: twin.GrantKind, Name: text.Text{Zh: "产品护照", En: "Product passports"}, Subjects: func() []account.GrantSubject {
		return []account.GrantSubject{
			{ID: string(twin.Legitimate), Name: text.Text{Zh: "有正当利益者可读的部分", En: "What those with a legitimate interest may read"}, Fields: []account.GrantField{}},
			{ID: string(twin.Authority), Name: text.Text{Zh: "主管机关可读的部分", En: "What authorities may read"}, Fields: []account.GrantField{}},
		}
	}}
}
