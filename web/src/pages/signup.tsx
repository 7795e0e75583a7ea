import { useEffect } from 'react'
import { Link, useNavigate } from 'react-router'

import { Door } from '../app/door'
import { useI18n } from '../i18n'
import { PersonForm, PhoneForm, Providers, useEntered } from '../join/enter'
import { useWays } from '../join/queries'
import { Answer, Blank } from '../ui/states'

/** SignUpPage is the way in for somebody who is new: by their phone where codes are sent, else with a login and a password. */
export function SignUpPage() {
  const { t } = useI18n()
  const navigate = useNavigate()
  const ways = useWays()
  const entered = useEntered(() => void navigate('/join', { replace: true }))
  useEffect(() => {
    document.title = `${t('join.signUp')} · ${t('appName')}`
  }, [t])
  return (
    <Door title={t('join.signUp')}>
      <Answer query={ways} empty={(w) => !w.signUp && <Blank title={t('join.closed')}>{t('join.closedHelp')}</Blank>}>
        {(w) => (
          <>
            <p className="muted" style={{ marginBottom: 14 }}>
              {t('join.signUpHelp')}
            </p>
            {w.sms ? <PhoneForm done={entered} /> : <PersonForm done={entered} />}
            <Providers ways={w} />
          </>
        )}
      </Answer>
      <p style={{ marginTop: 16 }}>
        <Link to="/sign-in?next=/join">{t('join.haveAccount')}</Link>
      </p>
    </Door>
  )
}
