/** What is cached of backups. */
export const backupKeys = { list: () => ['backups'] as const }
