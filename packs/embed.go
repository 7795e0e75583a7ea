// Package packs embeds the knowledge of trades that ships with the product: device templates (devices/) and classes of
// equipment (equipment/). Each file says where its content comes from. The rooms that use packs read and check them;
// this package only carries them.
package packs

import "embed"

// Files holds the packs by kind of pack.
//
//go:embed devices/*.yaml equipment/*.yaml
var Files embed.FS
