curl https://api.experiture.ai/public/v1/import-jobs/imp_01HXYZ/errors \
  -H "Authorization: Bearer <your_access_token>"
