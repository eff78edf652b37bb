curl -X POST https://api.experiture.ai/public/v1/import-jobs/imp_01HXYZ/mapping \
  -H "Authorization: Bearer <your_access_token>" \
  -H "Content-Type: application/json" \
  -d '{
    "sourceFields": {
      "email_address": "string",
      "FirstName": "string",
      "LastName": "string",
      "signup_ts": "datetime"
    },
    "fieldMap": {
      "email_address": "email",
      "FirstName": "first_name",
      "LastName": "last_name",
      "signup_ts": "signed_up_at"
    }
  }'
