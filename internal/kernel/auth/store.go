package auth

import (
	"context"
	"embed"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
)

//go:embed migrations
var migrations embed.FS

type personRow struct {
	bun.BaseModel `bun:"table:auth_person,alias:p"`
	ID            uuid.UUID `bun:"id,pk"`
	Login         string    `bun:"login"`
	Name          string    `bun:"name"`
	Password      string    `bun:"password"`
	PasswordSet   int64     `bun:"password_set"`
	Disabled      bool      `bun:"disabled"`
	Created       int64     `bun:"created"`
	Seen          int64     `bun:"seen"`
}

func (r personRow) person() Person {
	return Person{ID: r.ID, Login: r.Login, Name: r.Name, Disabled: r.Disabled, PasswordSet: r.Password != "", Created: at(r.Created), Seen: at(r.Seen)}
}

type roleRow struct {
	bun.BaseModel `bun:"table:auth_role,alias:r"`
	Person        uuid.UUID `bun:"person,pk"`
	Org           uuid.UUID `bun:"org,pk"`
	Role          Role      `bun:"role"`
	Granted       int64     `bun:"granted"`
	Since         int64     `bun:"since"` // half-open
	Until         int64     `bun:"until"` // store.Forever where it is no mandate
}

// lasting is a role without an end.
func lasting(person, org uuid.UUID, role Role, at int64) *roleRow {
	return &roleRow{Person: person, Org: org, Role: role, Granted: at, Until: store.Forever}
}

type sessionRow struct {
	bun.BaseModel `bun:"table:auth_session,alias:s"`
	ID            uuid.UUID `bun:"id,pk"`
	Hash          string    `bun:"hash"`
	Person        uuid.UUID `bun:"person"`
	Via           string    `bun:"via"`
	Created       int64     `bun:"created"`
	Seen          int64     `bun:"seen"`
	Remote        string    `bun:"remote"`
	Agent         string    `bun:"agent"`
}

type tokenRow struct {
	bun.BaseModel `bun:"table:auth_token,alias:t"`
	ID            uuid.UUID `bun:"id,pk"`
	Hash          string    `bun:"hash"`
	Name          string    `bun:"name"`
	Org           uuid.UUID `bun:"org"`
	Role          Role      `bun:"role"`
	Creator       string    `bun:"creator"`
	Created       int64     `bun:"created"`
	Expires       int64     `bun:"expires"`
	Used          int64     `bun:"used"`
	Ended         int64     `bun:"ended"`
	Holder        string    `bun:"holder"` // who made it under a mandate, or ""
	Root          string    `bun:"root"`   // the organisation of that mandate
}

func (r tokenRow) token() Token {
	return Token{ID: r.ID, Name: r.Name, Org: r.Org, Role: r.Role, Creator: r.Creator, Created: at(r.Created), Expires: at(r.Expires), Used: at(r.Used)}
}

type linkRow struct {
	bun.BaseModel `bun:"table:auth_link,alias:l"`
	ID            uuid.UUID `bun:"id,pk"`
	Hash          string    `bun:"hash"`
	Person        uuid.UUID `bun:"person"`
	Created       int64     `bun:"created"`
	Expires       int64     `bun:"expires"`
	Used          int64     `bun:"used"`
}

// at is a time of the tables; zero for never.
func at(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}

func personByID(ctx context.Context, db bun.IDB, id uuid.UUID) (personRow, error) {
	var row personRow
	err := db.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	return row, store.Err(err)
}

// ownRoles are the roles that a person has of their own at a time, without what they inherit.
func ownRoles(ctx context.Context, db bun.IDB, person uuid.UUID, at time.Time) (map[uuid.UUID]Role, error) {
	rows, err := roleRows(ctx, db, person, at)
	if err != nil {
		return nil, err
	}
	out := make(map[uuid.UUID]Role, len(rows))
	for _, r := range rows {
		out[r.Org] = r.Role
	}
	return out, nil
}

func roleRows(ctx context.Context, db bun.IDB, person uuid.UUID, at time.Time) ([]roleRow, error) {
	var rows []roleRow
	n := at.UnixNano()
	if err := db.NewSelect().Model(&rows).Where("person = ? AND since <= ? AND until > ?", person, n, n).Scan(ctx); err != nil {
		return nil, store.Err(err)
	}
	return rows, nil
}
