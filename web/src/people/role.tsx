import { Select, type SelectProps } from 'antd'

import type { Role } from '../api/types'
import { useI18n } from '../i18n'
import { roleHelpKey, roleKey } from '../ui/role'

/** RoleSelect chooses one of some roles; each says what it allows. */
export function RoleSelect({
  roles,
  ...rest
}: { roles: Role[] } & Omit<SelectProps<Role>, 'options' | 'optionRender'>) {
  const { t } = useI18n()
  return (
    <Select<Role>
      {...rest}
      options={roles.map((r) => ({ value: r, label: t(roleKey[r]), title: t(roleHelpKey[r]) }))}
      optionRender={(o) => (
        <div>
          <div>{o.label}</div>
          <small className="muted">{t(roleHelpKey[o.value as Role])}</small>
        </div>
      )}
    />
  )
}
