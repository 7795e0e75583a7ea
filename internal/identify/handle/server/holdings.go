package server

import (
	"context"

	"jingwei/internal/identify/handle"
)

// Holdings is what a server answers from: the node's register of identifiers. All methods are safe for concurrent use. A
// change returns after it is durable and Append tells of it. Errors are *handle.Refusal; any other is answered as code 2
// without its text.
//
// Rights (HS_ADMIN) are the server's business before it calls a change; every change carries who asked.
type Holdings interface {
	// Append appends the record (handle.AppendRecord) held under the folded key (handle.Fold); false when there is none,
	// with dst as it was. It does no I/O beyond mapped memory, and allocates nothing when dst has room.
	Append(dst, key []byte) ([]byte, bool)

	// Service says who serves the handles of a folded prefix, such as "88.101". It is asked only for handles that Append
	// did not find, and allocates nothing.
	Service(prefix []byte) Service

	// Authority says who holds the handle 0.NA/prefix of a folded prefix when Append did not find it: Homed here (then the
	// prefix does not exist, code 100), elsewhere (ReferAuthority, 303: the prefixes derived from its parent are delegated), or
	// nobody known. Such a referral holds sites (HS_SITE or HS_SITE.PREFIX values), or names a handle that holds HS_SITE.PREFIX
	// values or an HS_SERV.PREFIX to one: CNRI's client follows no 303 to a handle with HS_SITE alone.
	// It allocates nothing.
	Authority(prefix []byte) Service

	// Create makes a handle with its values (checked by handle.CheckValues). AlreadyExists unless overwrite.
	Create(ctx context.Context, by Identity, name handle.Name, values []handle.Value, overwrite bool) error
	// Delete removes a handle. NotFound when there is none.
	Delete(ctx context.Context, by Identity, name handle.Name) error
	// Add adds values. ValueExists with the indexes that are taken; ValueExists becomes a replacement when overwrite.
	Add(ctx context.Context, by Identity, name handle.Name, values []handle.Value, overwrite bool) error
	// Modify replaces the values with the same indexes. ValueNotFound with the indexes that are missing.
	Modify(ctx context.Context, by Identity, name handle.Name, values []handle.Value) error
	// Remove removes the values with these indexes; those that are missing are passed over.
	Remove(ctx context.Context, by Identity, name handle.Name, indexes []uint32) error

	// List returns at most limit handles of a prefix (its handle 0.NA/prefix is given), ordered by key, whose key comes
	// after the given one ("" from the start).
	List(ctx context.Context, prefix handle.Name, after string, limit int) ([]handle.Name, error)
	// Count is the number of handles of a prefix.
	Count(ctx context.Context, prefix handle.Name) (int, error)
	// Home takes a prefix on, so that this server answers for its handles; Unhome gives it away. The handle is 0.NA/prefix.
	Home(ctx context.Context, by Identity, prefix handle.Name) error
	Unhome(ctx context.Context, by Identity, prefix handle.Name) error
	// Homed lists the handles 0.NA/prefix of the prefixes served here.
	Homed(ctx context.Context) ([]handle.Name, error)
	// Mint makes a name that is not taken; the given name's suffix, where it has one, is what the new suffix begins with.
	Mint(ctx context.Context, base handle.Name) (handle.Name, error)
}

// Identity is who has proved to be who asks for a change.
type Identity struct {
	Handle handle.Name
	Index  uint32
	How    string // handle.TypePublicKey or handle.TypeSecretKey
}

// ServiceKind says where the handles of a prefix are answered for.
type ServiceKind uint8

// The kinds of service.
const (
	None           ServiceKind = iota // nobody known here: 301
	Homed                             // here: 100 when there is no such handle
	ReferService                      // elsewhere: 302 with Referral
	ReferAuthority                    // elsewhere, as a derived prefix: 303 with Referral
)

// Service is who answers for a prefix.
type Service struct {
	Kind ServiceKind
	// Referral is the body of a referral (handle.AppendReferral): the handle whose HS_SITE values serve, or these values
	// themselves. It is shared and never changed.
	Referral []byte
}
