// Package template holds device templates: what a kind of machine can tell, and where its protocol keeps it. A template
// is a pack (packs/devices/<id>.yaml); adding a machine model is writing a file. The package knows no database, so that
// gateways and simulators read the same templates as the plant model does.
//
// A template for a machine whose readings were once recorded also says in which column of the recording each point is
// found; a simulator replays it from there.
package template
