package fleet

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/text"
)

// Gateway is a gateway as the node knows it. Times are ns since 1970 UTC, 0 for never.
type Gateway struct {
	ID       uuid.UUID
	Org      uuid.UUID
	Name     text.Text
	Site     uuid.UUID // zero: nobody said
	Created  int64
	Enrolled int64
	Seen     int64 // last heard, exact to a minute
	Software string
	NotAfter int64 // of its newest certificate
	Version  int64
}

// ETag names the version.
func (g *Gateway) ETag() string { return api.ETag(g.ID, g.Version) }

// Link is one connection of a gateway to one or more devices.
type Link struct {
	ID      uuid.UUID
	Org     uuid.UUID
	Gateway uuid.UUID
	Name    text.Text
	Driver  string
	Config  json.RawMessage
	Version int64
}

// ETag names the version.
func (l *Link) ETag() string { return api.ETag(l.ID, l.Version) }

// Connection says through which link, and as which unit behind it, a machine is read over [From, To).
type Connection struct {
	Machine uuid.UUID
	Org     uuid.UUID
	Link    uuid.UUID
	Unit    string
	From    int64
	To      int64
}

// State is how a gateway stands.
type State string

// The states.
const (
	Waiting State = "waiting" // it has not enrolled yet
	Online  State = "online"  // it is linked
	Offline State = "offline" // it has enrolled and is not linked
)

// Limits.
const (
	maxName     = 100
	maxUnit     = 200 // bytes: a Modbus unit number, or the prefix of an OPC UA server's node ids
	maxGateways = 10_000
	maxLinks    = 200
	maxConfig   = 16 << 10
	codeLife    = 24 * time.Hour
	codeGrace   = time.Hour // in which the same request may be answered again, for a gateway that missed the answer
)

func checkName(t text.Text) error {
	if err := t.Check(maxName); err != nil {
		return ErrName.At("body.name", t).With("reason", err.Error()).With("limit", maxName)
	}
	return nil
}

func checkUnit(unit string) error {
	bad := func(zh, en string) error {
		return ErrUnit.At("body.unit", unit).With("reason", text.Text{Zh: zh, En: en})
	}
	if len(unit) > maxUnit {
		return bad(fmt.Sprintf("超过 %d 字节", maxUnit), fmt.Sprintf("more than %d bytes", maxUnit))
	}
	if !utf8.ValidString(unit) || strings.TrimSpace(unit) != unit {
		return bad("开头或结尾有空格，或不是 UTF-8 文字", "it begins or ends with a blank, or is not UTF-8 text")
	}
	for _, r := range unit {
		if !unicode.IsPrint(r) {
			return bad(fmt.Sprintf("含有字符 %q", r), fmt.Sprintf("it holds the character %q", r))
		}
	}
	return nil
}
