import type { Me, Org, Role } from '../api/types'
import type { Key } from '../i18n'

export const roles: Role[] = ['owner', 'engineer', 'operator', 'viewer']

export const roleKey: Record<Role, Key> = {
  owner: 'role.owner',
  engineer: 'role.engineer',
  operator: 'role.operator',
  viewer: 'role.viewer',
  monitor: 'role.monitor',
}

export const roleHelpKey: Record<Role, Key> = {
  owner: 'role.ownerHelp',
  engineer: 'role.engineerHelp',
  operator: 'role.operatorHelp',
  viewer: 'role.viewerHelp',
  monitor: 'role.monitorHelp',
}

export type Doing = 'configure' | 'operate' | 'audit' | 'people'

const may: Record<Doing, Role[]> = {
  configure: ['owner', 'engineer'],
  operate: ['owner', 'engineer', 'operator'],
  audit: ['owner', 'engineer'],
  people: ['owner'],
}

/**
 * allowed tells whether to offer something: roles come down from the organisations that own this one. The node decides
 * by itself; this only spares people buttons that fail.
 */
export function allowed(me: Me | undefined, orgs: Org[], org: string, doing: Doing): boolean {
  const line = ownersOf(orgs, org)
  return me?.roles.some((r) => line.has(r.org.id) && may[doing].includes(r.role)) ?? false
}

function ownersOf(orgs: Org[], id: string): Set<string> {
  const line = new Set<string>()
  const byId = new Map(orgs.map((o) => [o.id, o]))
  let at: string | undefined = id
  while (at !== undefined && !line.has(at)) {
    line.add(at)
    at = byId.get(at)?.parent
  }
  return line
}
