// Package packs embeds the knowledge of trades that ships with the product: device templates (devices/), classes of
// equipment (equipment/), kinds of facts (facts/), registers (registers/), flows (flows/), layouts of forms (forms/),
// calls for projects (calls/), notices of holidays (calendar/), tables of industries and size classes (industry/),
// instruments of check-ups (instruments/), kinds of needs (needs/), weights of matching (matching/), the chart of accounts
// (ledger/), questions about projects (support/), rules for the quality of energy data (energy/), measures of support and
// the documents they quote (policy/), indicators (indicators/), what policies want of them (targets/), which of that shows
// the effect of tasks (tasks/), regions as tiles (tiles/) and what nodes of the identifier system hand in (docking/). Each file says where its content comes from. The rooms that
// use packs read and check them; this package only carries them.
package packs

import "embed"

// Files holds the packs by kind of pack.
//
//go:embed devices/*.yaml equipment/*.yaml
//go:embed facts/*.yaml registers/*.yaml industry/*.yaml
//go:embed flows/*.yaml calendar/*.yaml
//go:embed forms/*.yaml
//go:embed instruments/*.yaml
//go:embed needs/*.yaml matching/*.yaml
//go:embed calls/*.yaml
//go:embed ledger/*.yaml support/*.yaml energy/*.yaml
//go:embed indicators/*.yaml targets/*.yaml tasks/*.yaml
//go:embed tiles/*.yaml
//go:embed docking/*.yaml
//go:embed policy/*.yaml policy/documents/*.txt
var Files embed.FS
