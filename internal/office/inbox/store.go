package inbox

import (
	"embed"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

//go:embed migrations/*.sql
var migrations embed.FS

type itemRow struct {
	bun.BaseModel `bun:"table:inbox_item,alias:i"`

	ID         uuid.UUID `bun:"id,pk"`
	ItemKey    string
	Kind       string
	Topic      string
	Person     string
	Org        string
	Verb       string
	Part       string
	Words      text.Text `bun:"words,type:text"`
	Link       string
	ObjectKind string
	ObjectID   string
	Rank       int64
	Due        int64
	At         int64
	Done       int64
	Spread     bool

	Read bool `bun:"seen,scanonly"`
}

func (r *itemRow) item() Item {
	return Item{ID: r.ID, Kind: Kind(r.Kind), Topic: r.Topic, Person: store.ID(r.Person), Org: store.ID(r.Org), Verb: auth.Verb(r.Verb), Text: r.Words, Link: r.Link,
		Object: Object{r.ObjectKind, r.ObjectID}, Urgency: urgencyOf(r.Rank), Due: r.Due, At: r.At, Done: r.Done, Read: r.Read}
}

type readRow struct {
	bun.BaseModel `bun:"table:inbox_read,alias:r"`

	Item   uuid.UUID `bun:"item,pk"`
	Person string    `bun:"person,pk"`
	At     int64
}

type preferenceRow struct {
	bun.BaseModel `bun:"table:inbox_preference,alias:p"`

	Person    string `bun:"person,pk"`
	Quiet     bool
	QuietFrom int
	QuietTo   int
	Digest    string
	DigestAt  int
	Desk      bool
}

func (r *preferenceRow) preference() Preference {
	return Preference{Person: store.ID(r.Person), Quiet: r.Quiet, QuietFrom: r.QuietFrom, QuietTo: r.QuietTo, Digest: Digest(r.Digest), DigestAt: r.DigestAt, Desk: r.Desk}
}

type channelRow struct {
	bun.BaseModel `bun:"table:inbox_channel,alias:c"`

	ID        uuid.UUID `bun:"id,pk"`
	Org       string
	Person    string
	Kind      string
	Name      string
	Address   string
	Same      string
	Sealed    string
	Lang      string
	Enabled   bool
	Verified  int64
	Code      string
	CodeUntil int64
	CodeLeft  int64
	Trouble   string
	Detail    string
	TroubleAt int64
	SentAt    int64
	Created   int64

	Waiting int `bun:"waiting,scanonly"`
	Dead    int `bun:"dead,scanonly"`
}

func (r *channelRow) channel() Channel {
	return Channel{ID: r.ID, Org: store.ID(r.Org), Person: store.ID(r.Person), Kind: ChannelKind(r.Kind), Name: r.Name, Address: r.Address, Lang: r.Lang, Enabled: r.Enabled,
		Verified: r.Verified, Trouble: told(r.Trouble, r.Detail), TroubleAt: r.TroubleAt, Sent: r.SentAt, Waiting: r.Waiting, Dead: r.Dead, Created: r.Created}
}

// owner is to whom the channel belongs, for codes and secrets.
func (r *channelRow) owner() string { return r.Org + r.Person }

type codeRow struct {
	bun.BaseModel `bun:"table:inbox_code,alias:k"`

	Owner   string
	Channel string
	At      int64
}

type deliveryRow struct {
	bun.BaseModel `bun:"table:inbox_delivery,alias:d"`

	ID      uuid.UUID `bun:"id,pk"`
	Item    uuid.UUID
	Channel uuid.UUID
	Org     string
	Person  string
	State   string
	Bundled bool
	TryAt   int64
	Tries   int64
	Trouble string
	Detail  string
	At      int64
	Ended   int64
}

// States of a delivery.
const (
	queued  = "queued"
	sent    = "sent"
	dead    = "dead"
	dropped = "dropped"
)

type senderRow struct {
	bun.BaseModel `bun:"table:inbox_sender,alias:s"`

	Kind    string `bun:"kind,pk"`
	Shown   string
	Sealed  string
	Changed int64
}

func wrap(doing string, err error) error { return fmt.Errorf("%s: %w", doing, store.Err(err)) }

// encode writes what this room's own types hold.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // none of them can fail
	}
	return string(b)
}
