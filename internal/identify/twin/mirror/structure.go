package mirror

const structureID = "https://admin-shell.io/idta/HierarchicalStructures/"

// StructureOf is the Hierarchical Structures (IDTA 02011-1-1) of a site, area or line: what stands directly under it, each with
// the asset id that leads to its own shell.
func StructureOf(t *Thing) Object {
	entry := element("Entity", "EntryNode", structureID+"EntryNode/1/0", Object{"entityType": "SelfManagedEntity", "globalAssetId": AssetID(t.Node.ID)})
	var parts []any
	for i := range t.Parts {
		p := &t.Parts[i]
		name := short(string(p.Kind), p.ID.String())
		part := element("Entity", name, structureID+"Node/1/0", Object{"entityType": "SelfManagedEntity", "globalAssetId": AssetID(p.ID)})
		if d := langs(p.Name, 64); d != nil {
			part["displayName"] = d
		}
		id := ID(t.Node.ID, Structure)
		parts = append(parts, part, element("RelationshipElement", "HasPart_"+name, structureID+"HasPart/1/0", Object{
			"first": elementReference(id, "EntryNode"), "second": elementReference(id, "EntryNode", name),
		}))
	}
	if parts != nil {
		entry["statements"] = parts
	}
	return submodel(t, Structure, "HierarchicalStructures", structureID+"1/1/Submodel", "1", "1", "",
		entry, property("ArcheType", structureID+"ArcheType/1/0", "xs:string", "OneDown"))
}

func elementReference(id string, entities ...string) Object {
	keys := []any{Object{"type": "Submodel", "value": id}}
	for _, e := range entities {
		keys = append(keys, Object{"type": "Entity", "value": e})
	}
	return Object{"type": "ModelReference", "keys": keys}
}
