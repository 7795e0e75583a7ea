package atlas

import (
	"embed"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

//go:embed migrations/*.sql
var migrations embed.FS

type mapRow struct {
	bun.BaseModel `bun:"table:atlas_map,alias:m"`

	Org       uuid.UUID `bun:"org,pk"`
	Region    string    `bun:"region,pk"`
	Review    string
	Source    string
	Outlines  string
	Divisions int64
	SHA256    string `bun:"sha256"`
	At        int64
	Actor     string
}
