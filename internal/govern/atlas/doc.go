// Package atlas says where regions are drawn on a page. No borders are shipped: nobody who gives away outlines of China's provinces and
// cities proves the right to, and a map that is shown to others needs a review number (审图号; Regulation on Map Management, art. 15 and
// 42). What ships are tile grids as packs: each region an equal square, about where it lies among its neighbours, which is no map. An
// organisation may load outlines of its own with the number of their review, which is then shown beside them.
//
// Files: tile.go (arrangements, packs), outline.go (what a GeoJSON must be, pure), store.go, service.go (load, look, remove), api.go.
package atlas
