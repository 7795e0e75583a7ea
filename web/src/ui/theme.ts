import { theme, type ThemeConfig } from 'antd'

/** themeFor is antd in the colours of style/base.css, small and flat; `still` for those whom movement disturbs. */
export function themeFor(dark: boolean, still: boolean): ThemeConfig {
  return {
    algorithm: dark ? theme.darkAlgorithm : theme.defaultAlgorithm,
    token: {
      colorPrimary: dark ? '#3d93c9' : '#14679b',
      colorLink: dark ? '#5fb2e6' : '#14679b',
      colorSuccess: dark ? '#56c288' : '#1d7a46',
      colorWarning: dark ? '#e3a344' : '#9a5b00',
      colorError: dark ? '#f0857b' : '#c0291f',
      colorSuccessBg: dark ? '#163325' : '#e3f4ea',
      colorWarningBg: dark ? '#3a2b12' : '#fdf0dc',
      colorErrorBg: dark ? '#41201d' : '#fce8e6',
      colorBgContainer: dark ? '#161e25' : '#ffffff',
      colorBgElevated: dark ? '#1b242c' : '#ffffff',
      colorBgLayout: dark ? '#0e1419' : '#f3f5f7',
      colorBorder: dark ? '#3c4a55' : '#c3ccd4',
      colorBorderSecondary: dark ? '#2a363f' : '#dde3e8',
      colorText: dark ? '#e6ecf1' : '#17212b',
      colorTextSecondary: dark ? '#a9b6c1' : '#52606d',
      colorTextDescription: dark ? '#a9b6c1' : '#52606d',
      colorTextPlaceholder: dark ? '#8b99a5' : '#5f6c78',
      borderRadius: 4,
      fontSize: 13,
      fontSizeSM: 12,
      controlHeight: 32,
      controlHeightSM: 26,
      padding: 12,
      paddingLG: 18,
      fontFamily: 'inherit',
      wireframe: false,
      motion: !still,
    },
    components: {
      // White stands on the one, the other stands on the ground: one blue cannot do both in the dark.
      ...(dark && {
        Button: { colorPrimary: '#2f78a8', colorPrimaryHover: '#2a729f', colorPrimaryActive: '#24658e' },
      }),
      // The words in a switch that is off are white.
      Switch: { colorTextQuaternary: '#5d6b77', colorTextTertiary: '#51606c' },
      Form: { itemMarginBottom: 14, verticalLabelPadding: '0 0 4px' },
      Tabs: { horizontalMargin: '0 0 12px 0', ...(dark && { itemSelectedColor: '#5fb2e6', inkBarColor: '#5fb2e6' }) },
    },
  }
}
